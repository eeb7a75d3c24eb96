//! What the derives refuse, and in which words. `TRYBUILD=overwrite cargo test --test derives` writes the words anew.

#[test]
fn what_is_refused_is_refused_in_these_words() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
