//! One list of invariants in code and document.

use kernel::InvariantId;

#[test]
fn the_document_tells_every_invariant_and_no_other() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/INVARIANTS.md");
    let document = std::fs::read_to_string(path).expect("docs/INVARIANTS.md");
    let told: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("## I"))
        .collect();
    let listed: Vec<String> = InvariantId::ALL
        .iter()
        .map(|id| format!("{} {:?}", id.number(), id))
        .collect();
    assert_eq!(told, listed, "the headings of docs/INVARIANTS.md, in order");
    for id in InvariantId::ALL {
        assert!(
            document.contains(id.sentence()),
            "the document says of {id}: {:?}",
            id.sentence()
        );
    }
}
