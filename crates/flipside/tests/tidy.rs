//! Code, proof and models say the same, and the house is clean. Plain text search, no more clever than it must be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Every file below `at` with its path from the root, but for what git keeps to itself or is told to ignore.
fn files(at: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_symlink() || name == ".git" || name == "target" || name.ends_with(".flip") {
            continue;
        }
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let path = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push((path, text));
        }
    }
}

fn all() -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(&root(), &mut found);
    assert!(found.len() > 20, "this is not the repository");
    found
}

fn rust() -> impl Iterator<Item = (String, String)> {
    all().into_iter().filter(|(path, _)| path.ends_with(".rs"))
}

/// The sources of the crates.
fn sources() -> impl Iterator<Item = (String, String)> {
    rust().filter(|(path, _)| path.starts_with("crates/") && path.contains("/src/"))
}

/// The sources of the core, without models.
fn core() -> impl Iterator<Item = (String, String)> {
    sources().filter(|(path, _)| path.starts_with("crates/flipside/src/") && !is_model(path))
}

fn is_model(path: &str) -> bool {
    path.ends_with("/model.rs") || path.contains("/model/")
}

const DOOR: &str = "crates/flipside/src/substrate/atomic.rs";
const SITES: &str = "crates/flipside/src/substrate/sites.rs";

/// A line without its comment. A `//` in a string ends it too: nothing that is looked for stands behind one.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or("")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Fails with all the findings at once.
fn none(what: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{what}:\n  {}", findings.join("\n  "));
}

/// Lines for which `is_bad`, as `path:line: text`.
fn lines(of: impl Iterator<Item = (String, String)>, is_bad: impl Fn(&str, &str) -> bool) -> Vec<String> {
    of.flat_map(|(path, text)| {
        let bad = text.lines().enumerate().filter(|(_, line)| is_bad(&path, line));
        bad.map(|(at, line)| format!("{path}:{}: {}", at + 1, line.trim())).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn files_are_short() {
    let long = rust().filter(|(_, text)| text.lines().count() >= 400);
    none("400 lines and more", &long.map(|(path, _)| path).collect::<Vec<_>>());
}

#[test]
fn nothing_is_left_undone_or_switched_off() {
    // In two pieces, lest this file find itself.
    let marks = [["to", "do!"], ["unimple", "mented!"], ["#[ig", "nore"], ["FIX", "ME"], ["TO", "DO:"]]
        .map(|pieces| pieces.concat());
    let unused = ["allow(dead", "_code"].concat();
    let found = lines(rust(), |path, line| {
        // Each test binary compiles the common module for itself and uses a part of it.
        let is_shared = path.contains("/tests/support/") && line.contains("reason = ");
        marks.iter().any(|mark| line.contains(mark)) || line.contains(&unused) && !is_shared
    });
    none("left undone or switched off", &found);
}

#[test]
fn no_path_of_somebodys_machine_is_in_the_repository() {
    let paths = [["/wo", "rk/"], ["/ro", "ot/"]].map(|pieces| pieces.concat());
    let found = lines(all().into_iter(), |_, line| paths.iter().any(|path| line.contains(path)));
    none("paths of a machine", &found);
}

#[test]
fn atomics_come_through_the_one_door() {
    let module = ["sync", "atomic"].join("::");
    let found = lines(sources(), |path, line| path != DOOR && code(line).contains(&module));
    none("atomics that loom, ledger and proof do not see", &found);
}

#[test]
fn the_models_are_declared_and_nothing_else_knows_of_loom() {
    let flag = ["flipside", "_loom"].concat();
    let model = format!("#[cfg(all(test, {flag}))]");
    for (path, text) in sources().filter(|(path, _)| path != DOOR) {
        let mut lines = text.lines().map(str::trim).peekable();
        while let Some(line) = lines.next() {
            if !line.contains(&flag) {
                continue;
            }
            let next = lines.peek().copied().unwrap_or("");
            // Tests that need real threads and clocks stay away from loom.
            let is_test = line.contains(&format!("not({flag})")) && next.ends_with("_tests;");
            let is_model = line == model && (next == "mod model;" || next == "pub(crate) mod model;");
            assert!(is_test || is_model, "{path}: {line}");
        }
    }
}

#[test]
fn unsafe_stands_in_the_core_alone_and_gives_reasons() {
    let outside = lines(sources(), |path, line| {
        let is_core = path.starts_with("crates/flipside/") || path.ends_with("/sys.rs");
        !is_core && words(code(line)).any(|word| word == "unsafe") && !line.contains("forbid(")
    });
    none("unsafe outside of the core", &outside);
    let (mut blocks, mut without) = (0, Vec::new());
    for (path, text) in sources().filter(|(path, _)| path.starts_with("crates/flipside/src/")) {
        let lines: Vec<_> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let here = code(line).matches("unsafe {").count() + code(line).matches("unsafe impl").count();
            if here == 0 {
                continue;
            }
            blocks += here;
            if !lines[at.saturating_sub(6)..at].iter().any(|line| line.contains("SAFETY:")) {
                without.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
        }
    }
    println!("unsafe blocks and impls in crates/flipside/src: {blocks}");
    assert_ne!(blocks, 0, "the search is broken");
    none("without a SAFETY comment", &without);
}

/// The variants of `Site`.
fn sites() -> BTreeSet<String> {
    let sites = fs::read_to_string(root().join(SITES)).unwrap();
    let body = sites.split_once("enum Site {").unwrap().1.split_once('}').unwrap().0;
    let variants = body.lines().map(|line| code(line).trim().trim_end_matches(','));
    let sites: BTreeSet<_> =
        variants.filter(|name| !name.is_empty() && !name.starts_with('#')).map(str::to_owned).collect();
    assert!(sites.contains("C1") && sites.contains("W2"));
    sites
}

/// Where a site stands: the file's path, the function around it, and the word before it.
type Place = (String, String, &'static str);

/// What a site can be given to.
const OPENINGS: [&str; 4] = ["at(Site::", "fence(Site::", "light(Site::", "heavy(Site::"];

/// The sites in the code. Each stands in one place, under a comment that names it.
fn placed() -> BTreeMap<String, Place> {
    let mut placed = BTreeMap::new();
    for (path, text) in core().filter(|(path, _)| path != DOOR && !path.ends_with("_tests.rs")) {
        let (mut function, lines) = (String::new(), text.lines().collect::<Vec<_>>());
        for (at, line) in lines.iter().enumerate() {
            if let Some((_, rest)) = code(line).split_once("fn ") {
                function = words(rest).next().unwrap_or("").to_owned();
            }
            for opening in OPENINGS {
                for rest in code(line).split(opening).skip(1) {
                    let site = words(rest).next().unwrap().to_owned();
                    let above = lines[at.saturating_sub(8)..at].iter();
                    assert!(
                        above.clone().any(|line| line.contains(&format!("// [{site}] "))),
                        "{path}:{}: no comment above says why [{site}]",
                        at + 1
                    );
                    let before = placed.insert(site.clone(), (path.clone(), function.clone(), opening));
                    assert_eq!(before, None, "{site} stands in two places");
                }
            }
        }
    }
    placed
}

/// One PROOF.md: what is under its folder, but not under a deeper one's, must stand in it.
struct Proof {
    folder: String,
    text: String,
    /// The rows of its ledger: cells by label.
    ledger: BTreeMap<String, Vec<String>>,
}

const SUBSTRATE: &str = "crates/flipside/src/substrate/";

/// The proofs, the deepest first.
fn proofs() -> Vec<Proof> {
    let all = all().into_iter().filter_map(|(path, text)| {
        let folder = path.strip_suffix("PROOF.md")?.to_owned();
        let (_, table) = text.split_once("## Ledger").unwrap_or_else(|| panic!("{path}: no ledger"));
        let mut ledger = BTreeMap::new();
        for line in table.lines().filter(|line| line.starts_with("| ")) {
            let cells: Vec<_> =
                line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
            if cells[0] != "label" {
                assert_eq!(cells.len(), 6, "{path}: {line}");
                assert_eq!(ledger.insert(cells[0].clone(), cells), None, "{path}: twice: {line}");
            }
        }
        Some(Proof { folder, text, ledger })
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|proof| std::cmp::Reverse(proof.folder.len()));
    all
}

/// The proof that a file falls under; none for the substrate, whose sites and models may stand in any.
fn proof_of<'a>(proofs: &'a [Proof], path: &str) -> Option<&'a Proof> {
    let proof = proofs.iter().find(|proof| path.starts_with(&proof.folder));
    assert!(proof.is_some() || path.starts_with(SUBSTRATE), "{path}: no PROOF.md beside or above it");
    proof
}

/// A word, and the file that it stands in.
type InFile = (String, String);

/// The mutants that some model is expected to kill, each with the file, and the names of the models, likewise.
fn models() -> (BTreeSet<InFile>, BTreeSet<InFile>) {
    let (mut killed, mut names) = (BTreeSet::new(), BTreeSet::new());
    for (path, text) in sources().filter(|(path, _)| is_model(path)) {
        for opening in [".kills(Site::", ".kills_without_bells(Site::"] {
            let kills = text.split(opening).skip(1);
            killed.extend(kills.map(|rest| (words(rest).next().unwrap().to_owned(), path.clone())));
        }
        let named = text.split(" name: \"").skip(1);
        let named = named.map(|name| name.split(['"', ',']).next().unwrap().to_owned());
        names.extend(named.map(|name| (name, path.clone())));
    }
    (killed, names)
}

#[test]
fn code_ledgers_and_models_know_the_same_sites() {
    let (sites, placed, proofs, (killed, names)) = (sites(), placed(), proofs(), models());
    let mut all: Vec<_> = proofs.iter().flat_map(|proof| proof.ledger.keys().cloned()).collect();
    all.sort();
    assert_eq!(all, sites.iter().cloned().collect::<Vec<_>>(), "in the ledgers, once, and declared");
    assert_eq!(placed.keys().cloned().collect::<BTreeSet<_>>(), sites, "in the code, and declared");
    let killed_sites = killed.iter().map(|(site, _)| site.clone()).collect::<BTreeSet<_>>();
    assert_eq!(killed_sites, sites, "killed by a model, and declared");
    for Proof { folder, ledger, .. } in &proofs {
        for (site, row) in ledger {
            let (path, function, opening) = &placed[site];
            assert!(path.starts_with(folder) || path.starts_with(SUBSTRATE), "{folder}: {site} in {path}");
            let file = path.rsplit('/').next().unwrap();
            assert!(
                row[1].contains(&format!("`{file}`")) && row[1].contains(&format!("::{function}`")),
                "{site} stands in {path}, {function}; the ledger says {}",
                row[1]
            );
            for partner in row[3].split(", ") {
                let back = ledger.get(partner).is_some_and(|row| row[3].split(", ").any(|back| back == site));
                assert!(back, "{site} and {partner} are partners, or not");
                assert!(
                    !opening.starts_with("light") || placed[partner].2.starts_with("heavy"),
                    "{site} is light, and {partner} is not heavy"
                );
            }
            let near = |file: &str| file.starts_with(folder) || file.starts_with(SUBSTRATE);
            let killers: Vec<_> = row[5].split('*').skip(1).step_by(2).collect();
            assert!(!killers.is_empty(), "{site}: the ledger names no model");
            for model in killers {
                let known = names.iter().any(|(name, file)| name == model && near(file));
                assert!(known, "{site}: there is no model {model} under {folder}");
            }
            let dies = killed.iter().any(|(mutant, file)| mutant == site && near(file));
            assert!(dies, "{site}: no model under {folder} kills it");
        }
    }
    for (name, file) in &names {
        let told = |proof: &Proof| proof.text.contains(&format!("*{name}*"));
        let is_told = proof_of(&proofs, file).map_or_else(|| proofs.iter().any(told), told);
        assert!(is_told, "{file}: its proof does not mention the model {name}");
    }
}

#[test]
fn a_letter_belongs_to_one_proof() {
    let mut owners = BTreeMap::new();
    for proof in proofs() {
        for label in proof.ledger.keys() {
            let letter = label.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
            let owner = owners.entry(letter).or_insert_with(|| proof.folder.clone());
            assert_eq!(*owner, proof.folder, "{label} has the letter of another proof");
        }
        assert!(
            fs::read_to_string(root().join(&proof.folder).join("mod.rs"))
                .unwrap()
                .contains(r#"[doc = include_str!("PROOF.md")]"#),
            "{}: the documentation does not show the proof",
            proof.folder
        );
    }
}

#[test]
fn every_strong_ordering_is_labelled() {
    let strong = ["Acquire", "Release", "AcqRel", "SeqCst"];
    let mut found = Vec::new();
    for (path, text) in core().filter(|(path, _)| path != DOOR) {
        let mut in_use = false;
        for (at, line) in text.lines().enumerate() {
            let code = code(line);
            in_use |= code.starts_with("use ") || code.starts_with("    use ");
            let mut orderings = words(code).filter(|word| strong.contains(word)).count();
            if in_use {
                orderings = 0;
            }
            if orderings != code.matches("at(Site::").count() {
                found.push(format!("{path}:{}: {}", at + 1, line.trim()));
            }
            in_use &= !code.contains(';');
        }
    }
    none("an ordering without a site, or a site without an ordering", &found);
}

#[test]
fn the_examples_of_the_readme_are_there_and_all_of_them_are_in_it() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let rows = readme.split("| example (").skip(1);
    let rows = rows.flat_map(|table| table.lines().skip(2).take_while(|line| line.starts_with("| `")));
    let cells = rows.map(|row| row.trim_start_matches('|').split('|').next().unwrap());
    let told: BTreeSet<_> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(|name| name.split(' ').next().unwrap())
        .collect();
    let there: BTreeSet<_> = fs::read_dir(root().join("crates/flipside/examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != "support")
        .collect();
    assert_eq!(told, there.iter().map(String::as_str).collect());
}
