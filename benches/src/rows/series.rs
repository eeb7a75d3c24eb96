//! The series of the memory rows, described without being held in memory.

use std::fmt::Write as _;

/// Series a family, the engine's default limit.
const PER_FAMILY: u64 = 10_000;

/// So many counter series of three labels, in families of at most 10,000.
#[derive(Debug)]
pub struct Series {
    families: Vec<String>,
    per_family: u64,
}

impl Series {
    /// Describes `count` series, rounded to whole families.
    pub fn new(count: u64) -> Self {
        let families = count.div_ceil(PER_FAMILY).max(1);
        Self {
            families: (0..families).map(|i| format!("deltaforge_stage_{i}_events_total")).collect(),
            per_family: count / families,
        }
    }

    /// Describes `count` series of one family, which has to have its limit raised.
    pub fn in_one_family(count: u64) -> Self {
        Self { families: vec!["deltaforge_events_total".to_owned()], per_family: count }
    }

    /// The names of the families.
    pub fn families(&self) -> impl Iterator<Item = &String> {
        self.families.iter()
    }

    /// Calls `create` with the label values of every series of a family.
    pub fn each(&self, mut create: impl FnMut([&str; 3])) {
        let (mut pipeline, mut table) = (String::new(), String::new());
        for i in 0..self.per_family {
            pipeline.clear();
            table.clear();
            let _fits = write!(pipeline, "orders-{}", i % 16);
            let _fits = write!(table, "public.order_items_{i:05}");
            create([&pipeline, "mysql-primary", &table]);
        }
    }

    /// How many series there are.
    pub fn count(&self) -> u64 {
        self.families.len() as u64 * self.per_family
    }

    /// Bytes of the label sets' text, names and values as an exposition shows them: `a="..",b="..",c=".."`.
    pub fn label_text_bytes(&self) -> u64 {
        let mut bytes = 0;
        self.each(|values| bytes += rendered_bytes(values));
        bytes * self.families.len() as u64
    }
}

/// Bytes of one label set's text.
pub(super) fn rendered_bytes(values: [&str; 3]) -> u64 {
    let rendered = ["pipeline", "source", "table"].into_iter().zip(values);
    rendered.map(|(name, value)| (name.len() + value.len() + r#"="","#.len()) as u64).sum::<u64>() - 1
}
