//! Pictures of what lives: half blocks for a terminal, and SVG.

use std::fmt::Write as _;

use crate::census::{Fate, Object};
use crate::world::{self, COLUMNS, ROWS};

/// So wide and so high can a picture in the terminal be, in cells.
const WIDTH: usize = 150;
const HEIGHT: usize = 120;

/// The columns and rows from the first cell that lives to the last.
fn area(objects: &[&Object]) -> Option<[usize; 4]> {
    let cells = || objects.iter().flat_map(|object| &object.cells);
    let (xs, ys) = (|| cells().map(|cell| cell.0), || cells().map(|cell| cell.1));
    Some([xs().min()?, ys().min()?, xs().max()?, ys().max()?])
}

/// Two rows to a line; and what it does not show.
pub(crate) fn terminal(objects: &[Object]) -> (String, String) {
    let fits = |[left, top, right, bottom]: &[usize; 4]| right - left < WIDTH && bottom - top < HEIGHT;
    let (all, stay): (Vec<_>, Vec<_>) =
        (objects.iter().collect(), objects.iter().filter(|object| object.fate != Fate::Moves).collect());
    let (shown, whole) = match area(&all).filter(fits) {
        None => (stay, area(&all)),
        Some(_) => (all, None),
    };
    let Some(area @ [left, top, right, bottom]) = area(&shown) else { return (String::new(), String::new()) };
    // If it still does not fit, a dot stands for several cells.
    let scale = ((right - left) / WIDTH).max((bottom - top) / HEIGHT) + 1;
    let (width, height) = ((right - left) / scale + 1, (bottom - top) / scale / 2 + 1);
    let mut lines = vec![vec![0; width]; height];
    for (x, y) in shown.iter().flat_map(|object| &object.cells) {
        let (x, y) = ((x - left) / scale, (y - top) / scale);
        lines[y / 2][x] |= 1 << (y % 2);
    }
    let line = |line: &Vec<usize>| {
        line.iter().map(|halves| [' ', '▀', '▄', '█'][*halves]).collect::<String>().trim_end().to_owned()
            + "\n"
    };
    let mut note = format!("columns {left} to {right}, rows {top} to {bottom}");
    if scale > 1 {
        write!(note, ", a dot for {scale} x {scale} cells").expect("a string has room");
    }
    if let Some([left, top, right, bottom]) = whole.filter(|whole| *whole != area) {
        let rest =
            format!("; gliders from column {left}, row {top} to column {right}, row {bottom} left out");
        note.push_str(&rest);
    }
    (lines.iter().map(line).collect(), note)
}

/// The whole of what lives, in front of the bands of the parties.
pub(crate) fn svg(objects: &[Object], parties: usize, caption: &str) -> String {
    const MARGIN: usize = 12;
    let [left, top, right, bottom] =
        area(&objects.iter().collect::<Vec<_>>()).unwrap_or([0, 0, COLUMNS - 1, ROWS - 1]);
    let (left, top) = (left.saturating_sub(MARGIN), top.saturating_sub(MARGIN));
    let (width, height) = ((right + MARGIN).min(COLUMNS) - left, (bottom + MARGIN).min(ROWS) - top);
    let size = (1000 / width.max(height)).max(2);
    let (wide, high) = (width * size, height * size);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}\" height=\"{}\" \
         viewBox=\"{left} {top} {width} {}\" shape-rendering=\"crispEdges\">\n<title>{caption}</title>\n",
        high + 12 * size,
        height + 12,
    );
    let letters = (width / 90).clamp(3, 7);
    let font = format!("font-family=\"sans-serif\" font-size=\"{letters}\"");
    for rank in 0..parties {
        let rows = world::band(rank, parties);
        let (y, end) = (rows.start.max(top), rows.end.min(top + height));
        let color = ["#f4f1ea", "#e9e4d8"][rank % 2];
        if let Some(rows) = end.checked_sub(y).filter(|rows| *rows > 0) {
            let band = format!("x=\"{left}\" y=\"{y}\" width=\"{width}\" height=\"{rows}\" fill=\"{color}\"");
            writeln!(svg, "<rect {band}/>").expect("a string has room");
            if rows > 2 * letters {
                let at = format!("x=\"{}\" y=\"{}\" fill=\"#b0a894\"", left + 2, y + letters + 1);
                writeln!(svg, "<text {font} {at}>party {rank}</text>").expect("a string has room");
            }
        }
    }
    let colors = [
        (Fate::Still, "still", "#2b4c7e"),
        (Fate::Oscillates, "oscillates", "#3a7d44"),
        (Fate::Moves, "moves", "#d1495b"),
        (Fate::Changes, "changes", "#333333"),
    ];
    let (mut x, baseline) = (left + 2, top + height + 8);
    for (fate, word, color) in colors {
        let cells = objects.iter().filter(|object| object.fate == fate).flat_map(|object| &object.cells);
        let path: String = cells.map(|(x, y)| format!("M{x} {y}h1v1h-1z")).collect();
        if path.is_empty() {
            continue;
        }
        let text = format!("{font} fill=\"{color}\"");
        writeln!(
            svg,
            "<path fill=\"{color}\" d=\"{path}\"/>\n<text x=\"{x}\" y=\"{baseline}\" {text}>{word}</text>"
        )
        .expect("a string has room");
        x += letters * (word.len() + 2) * 2 / 3;
    }
    svg + "</svg>\n"
}
