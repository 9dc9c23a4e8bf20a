//! docs/asvs.csv: every requirement of the first two levels of ASVS 5.0.0, and what shows it.
//!
//! What is checked: no requirement is missing or told twice, every state is one of the three, what
//! is called shown names its evidence, and all evidence that is named exists: a test by its file and
//! function, a document by its path. docs/security.md tells the same counts.

use crate::repository::{path, text};
use std::collections::{BTreeMap, BTreeSet};

const FILE: &str = "docs/asvs.csv";

/// How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has. Numbers that are left out
/// are of level 3.
const SECTIONS: &[(&str, &[u8])] = &[
    ("V1.1", &[1, 2]),
    ("V1.2", &[1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ("V1.3", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ("V1.4", &[1, 2, 3]),
    ("V1.5", &[1, 2]),
    ("V2.1", &[1, 2, 3]),
    ("V2.2", &[1, 2, 3]),
    ("V2.3", &[1, 2, 3, 4]),
    ("V2.4", &[1]),
    ("V3.2", &[1, 2]),
    ("V3.3", &[1, 2, 3, 4]),
    ("V3.4", &[1, 2, 3, 4, 5, 6]),
    ("V3.5", &[1, 2, 3, 4, 5]),
    ("V3.7", &[1, 2]),
    ("V4.1", &[1, 2, 3]),
    ("V4.2", &[1]),
    ("V4.3", &[1, 2]),
    ("V4.4", &[1, 2, 3, 4]),
    ("V5.1", &[1]),
    ("V5.2", &[1, 2, 3]),
    ("V5.3", &[1, 2]),
    ("V5.4", &[1, 2, 3]),
    ("V6.1", &[1, 2, 3]),
    ("V6.2", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ("V6.3", &[1, 2, 3, 4]),
    ("V6.4", &[1, 2, 3, 4]),
    ("V6.5", &[1, 2, 3, 4, 5]),
    ("V6.6", &[1, 2, 3]),
    ("V6.8", &[1, 2, 3, 4]),
    ("V7.1", &[1, 2, 3]),
    ("V7.2", &[1, 2, 3, 4]),
    ("V7.3", &[1, 2]),
    ("V7.4", &[1, 2, 3, 4, 5]),
    ("V7.5", &[1, 2]),
    ("V7.6", &[1, 2]),
    ("V8.1", &[1, 2]),
    ("V8.2", &[1, 2, 3]),
    ("V8.3", &[1]),
    ("V8.4", &[1]),
    ("V9.1", &[1, 2, 3]),
    ("V9.2", &[1, 2, 3, 4]),
    ("V10.1", &[1, 2]),
    ("V10.2", &[1, 2]),
    ("V10.3", &[1, 2, 3, 4]),
    ("V10.4", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ("V10.5", &[1, 2, 3, 4, 5]),
    ("V10.6", &[1, 2]),
    ("V10.7", &[1, 2, 3]),
    ("V11.1", &[1, 2]),
    ("V11.2", &[1, 2, 3]),
    ("V11.3", &[1, 2, 3]),
    ("V11.4", &[1, 2, 3, 4]),
    ("V11.5", &[1]),
    ("V11.6", &[1]),
    ("V12.1", &[1, 2, 3]),
    ("V12.2", &[1, 2]),
    ("V12.3", &[1, 2, 3, 4]),
    ("V13.1", &[1]),
    ("V13.2", &[1, 2, 3, 4, 5]),
    ("V13.3", &[1, 2]),
    ("V13.4", &[1, 2, 3, 4, 5]),
    ("V14.1", &[1, 2]),
    ("V14.2", &[1, 2, 3, 4]),
    ("V14.3", &[1, 2, 3]),
    ("V15.1", &[1, 2, 3]),
    ("V15.2", &[1, 2, 3]),
    ("V15.3", &[1, 2, 3, 4, 5, 6, 7]),
    ("V16.1", &[1]),
    ("V16.2", &[1, 2, 3, 4, 5]),
    ("V16.3", &[1, 2, 3, 4]),
    ("V16.4", &[1, 2, 3]),
    ("V16.5", &[1, 2, 3]),
    ("V17.1", &[1]),
    ("V17.2", &[1, 2, 3, 4]),
    ("V17.3", &[1, 2]),
];
/// Of the first level and of the second.
const REQUIREMENTS: [usize; 2] = [70, 183];

/// One line of the table.
#[derive(Clone, Debug, Default)]
struct Row {
    id: String,
    level: String,
    applies: String,
    state: String,
    why: String,
    evidence: String,
}

/// The rows. Cells are quoted where they hold a comma, and hold no quotes.
fn rows(table: &str) -> Vec<Row> {
    let mut lines = table.lines();
    let head = lines.next().unwrap_or_default();
    assert_eq!(head, "id,level,requirement,applies,state,why,evidence");
    lines
        .map(|line| {
            let mut cells = vec![String::new()];
            let mut quoted = false;
            for letter in line.chars() {
                match letter {
                    '"' => quoted = !quoted,
                    ',' if !quoted => cells.push(String::new()),
                    _ => cells.last_mut().expect("one at least").push(letter),
                }
            }
            let [id, level, requirement, applies, state, why, evidence] =
                <[String; 7]>::try_from(cells).unwrap_or_else(|cells| panic!("{line}: {cells:?}"));
            assert!(!requirement.is_empty(), "{line}");
            Row {
                id,
                level,
                applies,
                state,
                why,
                evidence,
            }
        })
        .collect()
}

/// Whether there is a test function of that name in that file, or a trial, as tests of real servers are.
fn is_test(file: &str, function: &str) -> bool {
    let Ok(source) = std::fs::read_to_string(path(file)) else {
        return false;
    };
    if source.contains("trials.test") && source.contains(&format!("\"{function}\",")) {
        return true;
    }
    let wanted = format!("fn {function}(");
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if line.contains(&wanted) {
            return marked;
        } else if line.starts_with("fn ") || line.starts_with("async fn ") {
            marked = false;
        }
    }
    false
}

/// Whether evidence exists: `path::function` or a document.
fn exists(evidence: &str) -> bool {
    match evidence.split_once("::") {
        Some((file, function)) => is_test(file, function),
        None => evidence.starts_with("docs/") && path(evidence).is_file(),
    }
}

fn wrong_in(row: &Row) -> Option<String> {
    let named: Vec<&str> = row.evidence.split_whitespace().collect();
    let absent: Vec<&&str> = named.iter().filter(|name| !exists(name)).collect();
    let wrong = match (row.applies.as_str(), row.state.as_str()) {
        ("yes", "shown") if named.is_empty() => "is called shown, and nothing shows it".to_owned(),
        ("yes", "partly" | "open") if row.why.is_empty() => {
            "does not say what is missing".to_owned()
        }
        ("no", "") if row.why.is_empty() => "does not say why it does not apply".to_owned(),
        ("yes", "shown" | "partly" | "open") | ("no", "") if absent.is_empty() => return None,
        ("yes", "shown" | "partly" | "open") | ("no", "") => {
            format!("names {absent:?}, which is not there")
        }
        (applies, state) => format!("applies {applies:?}, state {state:?}"),
    };
    Some(format!("{} {wrong}", row.id))
}

/// What is wrong with a table.
fn faults(rows: &[Row]) -> Vec<String> {
    let mut told = BTreeMap::new();
    for row in rows {
        *told.entry(row.id.clone()).or_insert(0) += 1;
    }
    let asked: BTreeSet<String> = SECTIONS
        .iter()
        .flat_map(|(section, numbers)| numbers.iter().map(move |n| format!("{section}.{n}")))
        .collect();
    let missing = asked.iter().filter(|id| !told.contains_key(*id));
    let mut faults: Vec<String> = missing.map(|id| format!("{id} is missing")).collect();
    for (id, times) in &told {
        if *times != 1 {
            faults.push(format!("{id} is told {times} times"));
        }
        if !asked.contains(id) {
            faults.push(format!("{id} is no requirement of levels 1 and 2"));
        }
    }
    for (level, expected) in ["1", "2"].into_iter().zip(REQUIREMENTS) {
        let found = rows.iter().filter(|row| row.level == level).count();
        if found != expected {
            faults.push(format!("{found} of level {level}, and not {expected}"));
        }
    }
    faults.extend(rows.iter().filter_map(wrong_in));
    faults
}

/// The row of the summary in docs/security.md.
fn summary(rows: &[Row]) -> String {
    let count = |applies: &str, state: &str| {
        let such = |row: &&Row| row.applies == applies && row.state == state;
        rows.iter().filter(such).count()
    };
    format!(
        "| {} | {} | {} | {} | {} |",
        rows.len(),
        count("no", ""),
        count("yes", "shown"),
        count("yes", "partly"),
        count("yes", "open")
    )
}

#[test]
fn every_requirement_has_a_row_and_all_evidence_exists() {
    let rows = rows(&text(FILE));
    let found = faults(&rows);
    assert!(found.is_empty(), "{FILE}:\n{}", found.join("\n"));
    assert_eq!(rows.len(), REQUIREMENTS.iter().sum::<usize>());
}

#[test]
fn the_page_about_security_tells_the_same_counts() {
    let summary = summary(&rows(&text(FILE)));
    let page = text("docs/security.md");
    assert!(page.contains(&summary), "docs/security.md lacks {summary}");
}

#[test]
fn each_fault_of_the_table_is_found() {
    let good = rows(&text(FILE));
    let at = |wanted: &str| {
        let shown = |row: &Row| row.state == wanted && row.evidence.contains("::");
        good.iter().position(shown).expect("one of each state")
    };
    let broken = |change: &dyn Fn(&mut Vec<Row>)| {
        let mut table = good.clone();
        change(&mut table);
        faults(&table).len()
    };
    let shown = at("shown");
    assert!(broken(&|table| drop(table.remove(0))) > 0, "a missing row");
    assert!(
        broken(&|table| table.push(table[0].clone())) > 0,
        "a row told twice"
    );
    assert!(
        broken(&|table| table[0].id = "V1.2.10".to_owned()) > 0,
        "a row of level 3"
    );
    assert!(
        broken(&|table| table[shown].evidence.clear()) > 0,
        "nothing shows it"
    );
    assert!(
        broken(&|table| table[shown].state = "surely".to_owned()) > 0,
        "no state"
    );
    assert!(
        broken(&|table| table[shown].level = "3".to_owned()) > 0,
        "no level"
    );
    assert!(
        broken(&|table| table[shown].evidence.push_str("_not")) > 0,
        "no such test"
    );
    assert!(
        broken(&|table| table[shown].evidence = "docs/none.md".to_owned()) > 0,
        "no document"
    );
    assert!(
        broken(&|table| table[at("partly")].why.clear()) > 0,
        "nothing is said to be missing"
    );
    let helper = "tests/tests/deployment/asvs.rs::wrong_in";
    assert!(!exists(helper), "a function that is no test shows nothing");
}
