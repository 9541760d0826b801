//! A disk that fills up: exit code 1, a hint that says so, and nothing under a final name.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::{Place, Ran, finish};
use crate::trained::{PREPARE, Trained, corpus, train};

/// A small file system of our own in memory; gone at the end, whatever happens.
struct Disk(PathBuf);

impl Disk {
    /// None where this user may not mount, or the system does not let anyone.
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=16m", "eu-test"])
            .arg(at);
        let mounted = mount.output().is_ok_and(|ran| ran.status.success());
        if !mounted {
            eprintln!("skipped: this user may not mount a file system");
        }
        mounted.then(|| Disk(at.into()))
    }

    /// Fills it up until so many kilobytes are free.
    fn leave(&self, kilobytes: usize) {
        let path = self.0.join("filling");
        let mut file = File::create(&path).unwrap();
        while file.write_all(&[7; 4096]).is_ok() {}
        let len = file.metadata().unwrap().len();
        file.set_len(len.saturating_sub(1024 * kilobytes as u64))
            .unwrap();
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("filling")).unwrap();
    }

    /// What lies on it beside the filling, files and folders, hidden ones too.
    fn names(&self) -> Vec<String> {
        fn of(folder: &Path, root: &Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                found.push(path.strip_prefix(root).unwrap().display().to_string());
                if path.is_dir() {
                    of(&path, root, found);
                }
            }
        }
        let mut found = Vec::new();
        of(&self.0, &self.0, &mut found);
        found.retain(|name| name != "filling");
        found.sort();
        found
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmount = |how: &[&str]| {
            let ran = Command::new("umount").args(how).arg(&self.0).output();
            ran.is_ok_and(|ran| ran.status.success())
        };
        assert!(
            unmount(&[]) || unmount(&["-l"]),
            "{} stays",
            self.0.display()
        );
    }
}

/// Whole data, run and model on the common disk; `full/` is the small one.
fn place_and_disk() -> Option<(Place, Disk)> {
    let place = Place::new();
    let disk = Disk::mount(&place.path().join("full"))?;
    Some((place, disk))
}

#[track_caller]
fn full(ran: Ran, file: &str) {
    let ran = ran.code(1);
    ran.says(file)
        .says("error: ")
        .says("hint: the disk is full (");
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
}

#[test]
fn prepare_goes_on_where_a_full_disk_stopped_it() {
    let Some((place, disk)) = place_and_disk() else {
        return;
    };
    corpus(place.path());
    let mut args = PREPARE.to_vec();
    args.retain(|arg| *arg != "data");
    args.extend(["full/data"]);
    args.swap_remove(args.iter().position(|arg| *arg == "-q").unwrap());
    for kilobytes in [0, 8, 40, 120] {
        disk.leave(kilobytes);
        full(place.run(&args), "full/");
        let seen = |name: &String| name.starts_with("data/") || name.contains(".eu-");
        let names = disk.names();
        assert!(!names.iter().any(seen), "{kilobytes} kB free: {names:?}");
    }
    disk.make_room();
    place.run(&args).code(0);
}

#[test]
fn a_run_keeps_its_last_whole_checkpoint_on_a_full_disk() {
    let Some((place, disk)) = place_and_disk() else {
        return;
    };
    Trained::shared().copy("data", &place);
    let on = |run| {
        let mut args = train(&["--steps=12", "--checkpoint-every=3", "--keep-checkpoints=0"]);
        let at = args.iter().position(|arg| *arg == "run").unwrap();
        args[at] = run;
        args
    };
    place.run(&on("whole")).code(0);
    // Nothing fits; the recipe and the log; two checkpoints of some 450 kB.
    for (kilobytes, n_whole) in [(0, 0), (40, 0), (1200, 2)] {
        disk.leave(kilobytes);
        full(place.run(&on("full/run")), "full/run");
        let names = disk.names();
        let whole = |n: &&String| n.ends_with("manifest.json") && n.contains("/step-");
        assert_eq!(names.iter().filter(whole).count(), n_whole, "{names:?}");
        let half = names
            .iter()
            .filter(|n| n.contains("/.eu-") || n.starts_with(".eu-"));
        assert_eq!(half.count(), 0, "{names:?}");
        if n_whole == 0 {
            let _ = std::fs::remove_dir_all(place.path().join("full/run"));
        }
    }
    let mut resume = on("full/run");
    resume.push("--resume");
    full(place.run(&resume), "full/run");
    disk.make_room();
    place.run(&resume).code(0);
    for name in [
        "model/model.safetensors",
        "checkpoints/step-00000012/state/v.safetensors",
    ] {
        let read = |run: &str| std::fs::read(place.path().join(run).join(name)).unwrap();
        assert!(read("whole") == read("full/run"), "{name}");
    }
}

#[test]
fn quantize_and_eval_leave_nothing_on_a_full_disk() {
    let Some((place, disk)) = place_and_disk() else {
        return;
    };
    for name in ["data", "run"] {
        Trained::shared().copy(name, &place);
    }
    let quantize = ["quantize", "run", "-o", "full/q.gguf", "-q"];
    let eval = ["eval", "run", "--data=data", "-o", "full/scores", "-q"];
    for kilobytes in [0, 16] {
        disk.leave(kilobytes);
        full(place.run(&quantize), "full/q.gguf");
        assert_eq!(disk.names(), [""; 0], "{kilobytes} kB free");
    }
    disk.leave(0);
    let ran = place.run(&eval);
    full(ran, "full/scores");
    let files = disk.names();
    assert!(files.iter().all(|name| name == "scores"), "{files:?}");
    disk.make_room();
    place.run(&quantize).code(0);
    place.run(&eval).code(0);
}

#[test]
fn a_full_standard_output_is_a_failure() {
    let (place, trained) = (Place::new(), Trained::shared());
    trained.copy("model.gguf", &place);
    for args in [
        &["inspect", "model.gguf"][..],
        &["inspect", "model.gguf", "--json"],
        &["chat", "model.gguf", "-p", "x", "--raw", "--max-tokens=4"],
        &[
            "chat",
            "model.gguf",
            "-p",
            "x",
            "--raw",
            "--max-tokens=4",
            "--json",
        ],
        &["doctor"],
        &["man"],
    ] {
        let mut command = place.command(args);
        let full = File::options().write(true).open("/dev/full").unwrap();
        command.stdout(Stdio::from(full));
        let ran = finish(command, b"").code(1);
        ran.says("error: standard output: No space left on device");
    }
}
