//! A picture of what each language lost, as SVG: the same bytes for the same losses.

use std::fmt::Write;
use std::path::Path;

use super::report::{Interval, Loss, MeanLoss};
use crate::disk;
use crate::engine::Result;
use crate::lang::Lang;

/// Width of the picture, and of the space for names.
const WIDTH: f64 = 820.0;
const NAMES: f64 = 158.0;
/// Height of a row, of what stands above rows and of what stands below.
const ROW: f64 = 17.0;
const ABOVE: f64 = 84.0;
const BELOW: f64 = 58.0;
/// Space between panels, and at the right edge.
const GAP: f64 = 28.0;
/// Most lines of a grid in a panel.
const LINES: f64 = 6.0;

/// A language's value in a panel, and where it lies with 95 % confidence.
type Point = (f64, Option<Interval>);

/// One measure of all languages, side by side with others.
struct Panel {
    heading: &'static str,
    unit: &'static str,
    /// A circle or else a square: panels are told apart without colour.
    is_round: bool,
    points: Vec<Point>,
    left: f64,
    width: f64,
    from: f64,
    step: f64,
    to: f64,
}

impl Panel {
    fn new(number: usize, heading: [&'static str; 2], points: Vec<Point>) -> Self {
        let numbers = points.iter().flat_map(|(value, interval)| {
            let ends = interval.unwrap_or([*value, *value]);
            [*value, ends[0], ends[1], 0.0]
        });
        let (low, high) = numbers
            .filter(|x| x.is_finite())
            .fold((0.0f64, 0.0f64), |(low, high), x| (low.min(x), high.max(x)));
        let step = step(high - low);
        let width = (WIDTH - NAMES - 2.0 * GAP) / 2.0;
        Panel {
            heading: heading[0],
            unit: heading[1],
            is_round: number == 0,
            points,
            left: NAMES + number as f64 * (width + GAP),
            width,
            from: (low / step).floor() * step,
            to: ((high / step).ceil() * step).max(step),
            step,
        }
    }

    fn x(&self, value: f64) -> f64 {
        self.left + self.width * (value - self.from) / (self.to - self.from)
    }

    /// The grid with its numbers, and the words above and below.
    fn frame(&self, bottom: f64, out: &mut String) {
        let digits = (-self.step.log10().floor()).clamp(0.0, 9.0) as usize;
        let n = ((self.to - self.from) / self.step).round() as i32;
        for line in 0..=n {
            let value = self.from + f64::from(line) * self.step;
            let is_zero = value.abs() < self.step / 2.0;
            let (x, colour) = (self.x(value), if is_zero { "#333" } else { "#ddd" });
            let value = if is_zero { 0.0 } else { value };
            let _ = writeln!(
                out,
                "<path d=\"M{x:.1} {ABOVE:.1}V{bottom:.1}\" stroke=\"{colour}\"/>\n\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value:.digits$}</text>",
                bottom + 15.0
            );
        }
        let middle = self.left + self.width / 2.0;
        let _ = writeln!(
            out,
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\" font-weight=\"bold\">{}</text>\n\
             <text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            ABOVE - 10.0,
            self.heading,
            bottom + 34.0,
            self.unit
        );
    }

    /// A value at the height `y`: a line from one end of its interval to the other, and a mark.
    fn mark(&self, (value, interval): Point, y: f64, out: &mut String) {
        if !value.is_finite() {
            let x = self.left + 4.0;
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\">no number</text>",
                y + 4.0
            );
            return;
        }
        if let Some(ends) = interval {
            let [low, high] = ends.map(|end| self.x(end));
            let (top, bottom) = (y - 3.0, y + 3.0);
            let _ = writeln!(
                out,
                "<path d=\"M{low:.1} {top:.1}V{bottom:.1}M{low:.1} {y:.1}H{high:.1}\
                 M{high:.1} {top:.1}V{bottom:.1}\" stroke=\"#555\" fill=\"none\"/>"
            );
        }
        let x = self.x(value);
        let _ = match self.is_round {
            true => writeln!(
                out,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#003399\"/>"
            ),
            false => writeln!(
                out,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\" fill=\"#8a4b00\"/>",
                x - 3.5,
                y - 3.5
            ),
        };
    }
}

/// A step of 1, 2 or 5 times a power of ten that cuts a span into few pieces.
fn step(span: f64) -> f64 {
    let least = span / LINES;
    if least <= 0.0 || !least.is_normal() {
        return 0.1;
    }
    let power = 10f64.powf(least.log10().floor());
    let times = [1.0, 2.0, 5.0].into_iter().find(|t| t * power >= least);
    times.unwrap_or(10.0) * power
}

/// Text of others as text of a picture.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Losses of languages, in their order, beneath a title; `names` are those of the model and of the
/// model it is compared with.
pub fn svg(names: [&str; 2], losses: &[Loss], mean: &MeanLoss) -> String {
    let of = |each: fn(&Loss) -> Point, mean: Point| -> Vec<Point> {
        losses.iter().map(each).chain([mean]).collect()
    };
    let panels = [
        Panel::new(
            0,
            ["Rise in bits per byte", "bits per byte"],
            of(
                |l| (l.loss, l.loss_interval),
                (mean.loss, mean.loss_interval),
            ),
        ),
        Panel::new(
            1,
            ["KL divergence", "nats per token, mean"],
            of(
                |l| (l.kl_mean, l.kl_interval),
                (mean.kl_mean, mean.kl_interval),
            ),
        ),
    ];
    let bottom = ABOVE + ROW * (losses.len() as f64 + 1.5);
    let height = bottom + BELOW;
    let [model, base] = names.map(escaped);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{WIDTH:.0}\" \
         height=\"{height:.0}\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" \
         font-family=\"system-ui,'DejaVu Sans',sans-serif\" font-size=\"11\" fill=\"#222\">\n\
         <title>What {model} lost beside {base}, by language</title>\n\
         <rect width=\"{WIDTH:.0}\" height=\"{height:.0}\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"15\" font-weight=\"bold\">What bits cost each language</text>\n\
         <text x=\"12\" y=\"42\">{model} beside {base}; the language that lost most first</text>\n"
    );
    panels
        .iter()
        .for_each(|panel| panel.frame(bottom, &mut out));
    for (row, loss) in losses.iter().enumerate() {
        let lang = Lang::find(&loss.lang);
        let name = lang.map_or(loss.lang.as_str(), |lang| lang.name.as_str());
        named(
            name,
            false,
            &panels,
            row,
            ROW * (row as f64 + 0.5),
            &mut out,
        );
    }
    let below = ROW * (losses.len() as f64 + 1.0);
    let line = ABOVE + below - ROW * 0.75;
    let _ = writeln!(
        out,
        "<path d=\"M12 {line:.1}H{:.1}\" stroke=\"#999\" stroke-dasharray=\"2 3\"/>",
        WIDTH - GAP
    );
    named(
        "mean of languages",
        true,
        &panels,
        losses.len(),
        below,
        &mut out,
    );
    let _ = writeln!(
        out,
        "<text x=\"12\" y=\"{:.1}\">Lines: 95 % confidence from text to text; none where a \
         language has one text.</text>\n</svg>",
        height - 8.0
    );
    out
}

fn named(name: &str, is_bold: bool, panels: &[Panel], row: usize, below: f64, out: &mut String) {
    let y = ABOVE + below;
    let weight = if is_bold { "bold" } else { "normal" };
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" font-weight=\"{weight}\">{}</text>",
        NAMES - 12.0,
        y + 4.0,
        escaped(name)
    );
    for panel in panels {
        if let Some(point) = panel.points.get(row) {
            panel.mark(*point, y, out);
        }
    }
}

/// Writes the picture of two models to a file.
///
/// # Errors
/// When there is a file and it is not to be replaced, or it cannot be written.
pub fn write(
    path: &Path,
    force: bool,
    models: [&Path; 2],
    losses: &[Loss],
    mean: &MeanLoss,
) -> Result<()> {
    if !force {
        disk::refuse_existing(path)?;
    }
    let [model, base] = models.map(|path| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    });
    let svg = svg([&model, &base], losses, mean);
    Ok(disk::replace_bytes(path, svg.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::super::tests::loss;
    use super::*;

    #[test]
    fn the_picture_is_whole_and_what_others_wrote_is_text() {
        let mut losses = vec![loss("mlt_Latn", 0.3, 0.2), loss("<b>\"&", 0.1, f64::NAN)];
        losses.push(loss("deu_Latn", -0.02, 0.01));
        let mean = MeanLoss::of(&losses).unwrap();
        let picture = svg(["a<b>.gguf", "\u{1b}c&d"], &losses, &mean);
        assert_eq!(picture, svg(["a<b>.gguf", "\u{1b}c&d"], &losses, &mean));
        for foreign in ["<b>", "\u{1b}", "NaN", "inf"] {
            assert!(!picture.contains(foreign), "{foreign}: {picture}");
        }
        assert!(picture.contains("a&lt;b&gt;.gguf beside c&amp;d") && picture.contains("Maltese"));
        assert_eq!(
            picture.matches("no number").count(),
            2,
            "a language and the mean"
        );
        assert_eq!(
            picture.matches("<circle").count(),
            4,
            "three languages and their mean"
        );
        assert_eq!(picture.matches("<rect x=").count(), 2);
        for name in ["svg", "title", "text"] {
            let opened = picture.matches(&format!("<{name}")).count();
            assert_eq!(
                opened,
                picture.matches(&format!("</{name}>")).count(),
                "{name}"
            );
        }
        let order = ["Maltese", "&lt;b&gt;", "German", "mean of languages"];
        let places = order.map(|name| picture.rfind(name).unwrap());
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn grids_have_few_lines_whatever_the_numbers() {
        for span in [1e-12, 3e-4, 0.011, 0.2, 1.0, 7.0, 1234.0] {
            let step = step(span);
            let n = span / step;
            assert!((1.9..=LINES + 1e-9).contains(&n), "{span}: {n} of {step}");
        }
        assert_eq!(step(0.0), 0.1);
        assert_eq!(step(f64::NAN), 0.1);
        let flat = Panel::new(0, ["", ""], vec![(0.0, None)]);
        assert!(flat.x(0.0).is_finite() && flat.to > flat.from);
    }
}
