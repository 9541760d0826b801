//! Lines to blocks: headings, paragraphs, lists, quotes, code, tables, rules.

/// Deepest nesting of lists and quotes; what is deeper is a paragraph.
const MAX_DEPTH: usize = 8;
/// Most columns of a table; what is wider is a paragraph.
const MAX_COLUMNS: usize = 32;

/// A block and what stands before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Number of its first line.
    pub(super) line: usize,
    /// True after an empty line.
    pub(super) gap: bool,
    pub(super) what: What,
}

/// What a block is; its text is not read for styles yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Level, 1 to 6, and text.
    Heading(usize, String),
    Paragraph(String),
    Code {
        /// First word behind the fence.
        lang: String,
        text: String,
    },
    Quote(Vec<Block>),
    List {
        /// Number of the first item; none for bullets.
        start: Option<u64>,
        items: Vec<Vec<Block>>,
    },
    Table(Table),
    Rule,
}

/// A table; every row has as many cells as there are columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) aligns: Vec<Align>,
    /// The first row is the head.
    pub(super) rows: Vec<Vec<String>>,
}

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// The blocks of a text.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.split('\n').collect();
    parse(&lines, 0)
}

fn parse(lines: &[&str], depth: usize) -> Vec<Block> {
    let mut found = Vec::new();
    let (mut at, mut gap) = (0, false);
    while at < lines.len() {
        if is_blank(lines[at]) {
            (at, gap) = (at + 1, true);
            continue;
        }
        let (what, n_lines) = block(&lines[at..], depth);
        found.push(Block {
            line: at,
            gap,
            what,
        });
        (at, gap) = (at + n_lines.max(1), false);
    }
    found
}

/// The block that begins in the first line, which is not blank, and how many lines it has.
fn block(lines: &[&str], depth: usize) -> (What, usize) {
    let first = lines[0];
    if let Some(fence) = Fence::opens(first) {
        return fence.code(lines);
    }
    if let Some((level, text)) = heading(first) {
        return (What::Heading(level, text.into()), 1);
    }
    if is_rule(first) {
        return (What::Rule, 1);
    }
    if depth < MAX_DEPTH {
        if first.trim_start().starts_with('>') && indent(first) < 4 {
            return quote(lines, depth);
        }
        if let Some(marker) = Marker::of(first) {
            return list(lines, &marker, depth);
        }
    }
    if let Some(table) = table(lines) {
        return table;
    }
    if indent(first) >= 4 {
        return indented(lines);
    }
    paragraph(lines)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// True where a line ends a paragraph before it.
fn interrupts(lines: &[&str]) -> bool {
    let line = lines[0];
    is_blank(line)
        || Fence::opens(line).is_some()
        || heading(line).is_some()
        || is_rule(line)
        || (line.trim_start().starts_with('>') && indent(line) < 4)
        || Marker::of(line).is_some_and(|m| m.number.is_none_or(|n| n == 1) && !m.is_empty)
        || table(lines).is_some()
}

fn paragraph(lines: &[&str]) -> (What, usize) {
    let more = (1..lines.len()).take_while(|&i| !interrupts(&lines[i..]));
    let n_lines = 1 + more.count();
    let text: Vec<&str> = lines[..n_lines].iter().map(|line| line.trim()).collect();
    (What::Paragraph(text.join("\n")), n_lines)
}

fn indented(lines: &[&str]) -> (What, usize) {
    let belongs = |line: &&&str| is_blank(line) || indent(line) >= 4;
    let mut n_lines = lines.iter().take_while(belongs).count();
    while n_lines > 1 && is_blank(lines[n_lines - 1]) {
        n_lines -= 1;
    }
    let text: Vec<&str> = lines[..n_lines]
        .iter()
        .map(|line| line.get(4..).unwrap_or(""))
        .collect();
    let code = What::Code {
        lang: String::new(),
        text: text.join("\n"),
    };
    (code, n_lines)
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim();
    let level = text.len() - text.trim_start_matches('#').len();
    let rest = &text[level..];
    if !(1..=6).contains(&level) || indent(line) > 3 || !(rest.is_empty() || rest.starts_with(' '))
    {
        return None;
    }
    // Signs at the end close the heading where a space stands before them.
    let open = rest.trim_end_matches('#');
    let text = if open.ends_with(' ') || open.is_empty() {
        open
    } else {
        rest
    };
    Some((level, text.trim()))
}

fn is_rule(line: &str) -> bool {
    let mut signs = line.chars().filter(|c| *c != ' ');
    let Some(sign @ ('-' | '*' | '_')) = signs.next() else {
        return false;
    };
    let mut n = 1;
    for next in signs {
        if next != sign {
            return false;
        }
        n += 1;
    }
    n >= 3 && indent(line) < 4
}

/// What begins and ends a block of code.
struct Fence<'a> {
    sign: char,
    n: usize,
    indent: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn opens(line: &'a str) -> Option<Self> {
        let text = line.trim_start_matches(' ');
        let sign = text.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = text.trim_start_matches(sign);
        let n = text.len() - info.len();
        let is_fence = n >= 3 && indent(line) < 4 && !(sign == '`' && info.contains('`'));
        is_fence.then(|| Fence {
            sign,
            n,
            indent: indent(line),
            info: info.trim(),
        })
    }

    fn closes(&self, line: &str) -> bool {
        let text = line.trim();
        text.len() >= self.n && indent(line) < 4 && text.chars().all(|c| c == self.sign)
    }

    fn code(&self, lines: &[&str]) -> (What, usize) {
        let inside = lines[1..].iter().take_while(|line| !self.closes(line));
        let text: Vec<&str> = inside
            .map(|line| &line[indent(line).min(self.indent)..])
            .collect();
        let n_lines = lines.len().min(text.len() + 2);
        let lang = self.info.split_whitespace().next().unwrap_or("");
        let is_open = text.len() + 1 == lines.len();
        let mut text = text.join("\n");
        if is_open {
            // While it is written, the line end behind the last line is no line of its own.
            text.truncate(text.trim_end_matches('\n').len());
        }
        let code = What::Code {
            lang: lang.into(),
            text,
        };
        (code, n_lines)
    }
}

fn quote(lines: &[&str], depth: usize) -> (What, usize) {
    let mut inside = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        match line.trim_start().strip_prefix('>') {
            Some(rest) if indent(line) < 4 => inside.push(rest.strip_prefix(' ').unwrap_or(rest)),
            // A paragraph may go on without the sign.
            _ if interrupts(&lines[i..]) || inside.last().is_some_and(|l| is_blank(l)) => break,
            _ => inside.push(line),
        }
    }
    (What::Quote(parse(&inside, depth + 1)), inside.len())
}

/// What begins an item of a list.
struct Marker {
    indent: usize,
    /// Column of the text behind it.
    content: usize,
    /// None for a bullet.
    number: Option<u64>,
    /// The sign, or what stands behind the number.
    sign: char,
    is_empty: bool,
}

impl Marker {
    fn of(line: &str) -> Option<Self> {
        let text = line.trim_start_matches(' ');
        let n_digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if n_digits > 9 {
            return None;
        }
        let number = text[..n_digits].parse().ok();
        let sign = text[n_digits..].chars().next()?;
        let is_sign = match number {
            Some(_) => matches!(sign, '.' | ')'),
            None => matches!(sign, '-' | '*' | '+' | '•'),
        };
        let rest = &text[n_digits + sign.len_utf8()..];
        if !is_sign || !(rest.is_empty() || rest.starts_with(' ')) || is_rule(line) {
            return None;
        }
        let indent = indent(line);
        // More than four spaces would be code inside of the item.
        let spaces = self::indent(rest).clamp(1, 4);
        Some(Marker {
            indent,
            content: indent + n_digits + sign.len_utf8() + spaces,
            number,
            sign,
            is_empty: is_blank(rest),
        })
    }

    /// True for a line that begins the next item of the same list.
    fn is_followed_by(&self, line: &str) -> bool {
        Marker::of(line).is_some_and(|next| {
            next.indent < self.content.min(self.indent + 2)
                && next.sign == self.sign
                && next.number.is_some() == self.number.is_some()
        })
    }

    /// True for a line that belongs to the item: it is as far in as the item's text, or, where
    /// it begins a list of its own, two columns further in than the item's sign.
    fn holds(&self, line: &str) -> bool {
        let by = indent(line);
        by >= self.content || (by >= self.indent + 2 && Marker::of(line).is_some())
    }
}

fn list(lines: &[&str], first: &Marker, depth: usize) -> (What, usize) {
    let (mut items, mut at) = (Vec::new(), 0);
    while at < lines.len() && (at == 0 || first.is_followed_by(lines[at])) {
        let Some(marker) = Marker::of(lines[at]) else {
            break;
        };
        let n_lines = item_lines(&lines[at..], &marker);
        let mut inside: Vec<&str> = vec![lines[at].get(marker.content..).unwrap_or("")];
        let rest = &lines[at + 1..at + n_lines];
        inside.extend(rest.iter().map(|line| {
            let by = indent(line).min(marker.content);
            &line[by..]
        }));
        items.push(parse(&inside, depth + 1));
        at += n_lines;
        // Empty lines between items belong to the list, those behind it do not.
        let n_blank = lines[at..].iter().take_while(|line| is_blank(line)).count();
        match lines.get(at + n_blank) {
            Some(line) if first.is_followed_by(line) => at += n_blank,
            _ => break,
        }
    }
    let start = first.number;
    (What::List { start, items }, at)
}

/// How many lines an item has; empty ones at its end are not counted.
fn item_lines(lines: &[&str], marker: &Marker) -> usize {
    let mut n_lines = 1;
    let mut after_blank = false;
    for (i, line) in lines.iter().enumerate().skip(1) {
        if is_blank(line) {
            // An item that is empty so far cannot go on behind an empty line.
            if marker.is_empty && n_lines == 1 {
                break;
            }
            after_blank = true;
            continue;
        }
        let goes_on = marker.holds(line) || (!after_blank && !interrupts(&lines[i..]));
        if !goes_on || marker.is_followed_by(line) {
            break;
        }
        (n_lines, after_blank) = (i + 1, false);
    }
    n_lines
}

fn table(lines: &[&str]) -> Option<(What, usize)> {
    let (head, rule) = (lines.first()?, lines.get(1)?);
    if !head.contains('|') || !rule.contains('-') || indent(head) > 3 {
        return None;
    }
    let aligns: Option<Vec<Align>> = cells(rule).iter().map(|cell| align(cell)).collect();
    let aligns = aligns.filter(|aligns| aligns.len() <= MAX_COLUMNS)?;
    let head = cells(head);
    if head.len() != aligns.len() || !(rule.contains('|') || rule.contains(':')) {
        return None;
    }
    let mut rows = vec![head];
    for line in &lines[2..] {
        if is_blank(line) || !line.contains('|') {
            break;
        }
        let mut row = cells(line);
        row.resize(aligns.len(), String::new());
        rows.push(row);
    }
    let n_lines = rows.len() + 1;
    Some((What::Table(Table { aligns, rows }), n_lines))
}

/// The cells of a row: between bars, but not those behind a backslash.
fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        let cell = cells.last_mut().expect("one is there from the start");
        match c {
            '|' if !escaped => cells.push(String::new()),
            '|' => {
                cell.pop(); // the backslash
                cell.push(c);
            }
            c => cell.push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    if cells.len() > 1 && cells.last().is_some_and(|last| is_blank(last)) {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn align(cell: &str) -> Option<Align> {
    let line = cell.strip_prefix(':').unwrap_or(cell);
    let line = line.strip_suffix(':').unwrap_or(line);
    if line.is_empty() || line.chars().any(|c| c != '-') {
        return None;
    }
    Some(match (cell.starts_with(':'), cell.ends_with(':')) {
        (true, true) => Align::Centre,
        (false, true) => Align::Right,
        _ => Align::Left,
    })
}

#[cfg(test)]
mod tests;
