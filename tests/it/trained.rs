//! A small prepared folder, a run and a GGUF file made of it by the real program, shared by the
//! tests that need something whole before they can damage it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::program::Place;

/// Languages of the small corpus: two scripts, and one that few tools know.
pub(crate) const LANGS: [&str; 3] = ["deu_Latn", "kat_Geor", "mlt_Latn"];

/// The command that prepares `corpus/` as `data/`.
pub(crate) const PREPARE: [&str; 9] = [
    "prepare",
    "corpus/train",
    "--heldout=corpus/heldout",
    "--parallel=corpus/heldout",
    "--vocab-size=400",
    "--trust-labels",
    "-o",
    "data",
    "-q",
];

/// The shape of the small model; a step takes milliseconds.
const SHAPE: [&str; 9] = [
    "--d-model=32",
    "--n-layers=2",
    "--n-heads=2",
    "--n-kv-heads=1",
    "--d-ff=64",
    "--context=32",
    "--batch=4",
    "--eval-every=0",
    "--eval-tokens=100",
];

/// `data/`, `run/` and `model.gguf`.
pub(crate) struct Trained(Place);

impl Trained {
    /// The one that other tests have made already, else a new one; it goes with its last user.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Trained>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = shared.upgrade() {
            return made;
        }
        let made = Arc::new(Trained::make());
        *shared = Arc::downgrade(&made);
        made
    }

    fn make() -> Self {
        let place = Place::new();
        corpus(place.path());
        place.run(&PREPARE).code(0);
        place.run(&train(&["--steps", "6"])).code(0);
        place.run(&["quantize", "run", "-o", "model.gguf"]).code(0);
        Trained(place)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A copy of one of its files or folders under the same name, to be damaged or gone on with.
    pub(crate) fn copy(&self, name: &str, place: &Place) {
        copy(&self.path(name), &place.path().join(name));
    }
}

/// Real text in a few languages, to train and to score on: `corpus/`.
pub(crate) fn corpus(folder: &Path) {
    let all = tempfile::tempdir().unwrap();
    europium::data::corpus::write(all.path()).unwrap();
    for part in ["train", "heldout"] {
        let to = folder.join("corpus").join(part);
        std::fs::create_dir_all(&to).unwrap();
        for lang in LANGS {
            let name = format!("{lang}.jsonl.zst");
            std::fs::copy(all.path().join(part).join(&name), to.join(&name)).unwrap();
        }
    }
}

/// The command that trains a small model on `data/` in `run/`.
pub(crate) fn train<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["train", "data", "-o", "run", "-q"];
    args.extend(SHAPE);
    args.extend(more);
    args
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}
