//! Names that some reader could not read, or not tell apart: refused where they are declared, in every escaping scheme.

use streamgauge::bridge::DynamicFamily;
use streamgauge::parse::{Parser, Severity, Syntax, families, lint};
use streamgauge::{
    CollectedFamily, Collector, CollectorOutput, Error, Escaping, Exposition, Format, Registry, Scope, Scraper,
    StateSet, Unit,
};

const SCHEMES: [Escaping; 4] = [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values];

/// Encodes the registry in both text formats and every scheme, and reads each body back, strictly.
fn read_back(registry: &Registry) {
    for escaping in SCHEMES {
        for (format, syntax) in [(Format::Text, Syntax::Text), (Format::OpenMetrics, Syntax::OpenMetrics)] {
            let mut body = Vec::new();
            let exposition = Exposition::from(format).with_escaping(escaping).with_created_samples(true);
            Scraper::new(registry).encode(exposition, &mut body);
            let text = String::from_utf8_lossy(&body);
            let read = families(Parser::new(syntax, &body)).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let mut labels = read.iter().flat_map(|family| &family.samples).flat_map(|sample| &sample.labels);
            assert!(!labels.any(|(name, _)| name.starts_with("__")), "{escaping:?} {text}");
            let found = lint(syntax, &read).into_iter().find(|found| found.severity == Severity::Error);
            assert!(found.is_none(), "{escaping:?} {found:?}\n{text}");
        }
    }
}

/// Gives why a declaration was refused, and reads what is exposed where it was not.
fn refusal(declare: impl Fn(&Registry) -> Result<(), Error>) -> String {
    let registry = Registry::new();
    match declare(&registry) {
        Ok(()) => {
            read_back(&registry);
            String::new()
        }
        Err(error) => {
            assert!(declare(&Registry::disabled()).is_err(), "a disabled registry checks alike");
            error.to_string()
        }
    }
}

struct Declared(fn() -> CollectedFamily);

impl Collector for Declared {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![(self.0)()]
    }

    fn collect(&self, _: &mut CollectorOutput<'_>) {}
}

#[test]
fn the_label_of_the_state_is_one_of_the_labels_under_every_scheme() {
    let declare = |name: &'static str, label: &'static str| {
        refusal(move |registry| {
            registry.state_set(name, "S.").label(label, "x").states(["a", "b"]).register().map(drop)
        })
    };
    for (name, label, scheme) in [
        ("db_phase", "db.phase", "underscores"),
        ("db_phase", "db-phase", "underscores"),
        ("U__a_2e_b", "a.b", "values"),
    ] {
        let problem = declare(name, label);
        assert!(problem.contains(&format!("{label:?}")) && problem.contains(scheme), "{problem}");
        assert!(problem.contains("the label that names the state"), "{problem}");
    }
    assert!(declare("phase", "phase").contains("the label that names the state"));
    assert!(declare("_name_", "x").contains("\"__name__\""), "as which dots write it");
    assert_eq!(declare("db_phase", "db.phases"), "");
}

#[test]
fn a_series_of_an_open_state_set_has_no_label_called_as_the_state() {
    let registry = Registry::new();
    let phases: DynamicFamily<StateSet> =
        registry.state_set("phase", "P.").states(["a", "b"]).dynamic_family().expect("legal");
    let error = phases.get_or_create(&[("phase", "x")]).expect_err("it is the state's").to_string();
    assert!(error.contains("label \"phase\": ") && error.contains("names the state"), "{error}");
    assert!(phases.get(&[("phase", "x")]).is_none() && !phases.remove(&[("phase", "x")]));
    phases.get_or_create(&[("source", "x")]).expect("legal").set("b");
    read_back(&registry);
    let error = phases.rename("source").expect_err("a series has the label").to_string();
    assert!(error.contains("label \"source\": ") && error.contains("names the state"), "{error}");
    phases.rename("stage").expect("free");
    assert!(phases.get_or_create(&[("stage", "x")]).is_err(), "the new name is the state's label");
    phases.get_or_create(&[("phase", "x")]).expect("and the old one is not").set("b");
    assert!(phases.rename("phase").is_err());
    read_back(&registry);
    assert_eq!(registry.sample_value("stage", &[("phase", "x"), ("stage", "b")]), Some(1.0));
}

/// Also where so many are removed that the records are moved away from them.
#[test]
fn a_state_set_gets_no_name_that_is_a_label_of_a_final_value_until_that_is_shown() {
    for fillers in [0, 200] {
        let registry = Registry::new();
        let phases: DynamicFamily<StateSet> =
            registry.state_set("phase", "P.").states(["a", "b"]).dynamic_family().expect("legal");
        let (mut early, mut late) = (Scraper::new(&registry), Scraper::new(&registry));
        let make = |name: &str, value: &str| drop(phases.get_or_create(&[(name, value)]).expect("legal"));
        make("other", "x");
        make("source", "x");
        assert!(phases.rename("source").is_err(), "it lives");
        assert!(phases.remove(&[("source", "x")]));
        let values: Vec<String> = (0..fillers).map(|number| number.to_string()).collect();
        values.iter().for_each(|value| make("filler", value));
        assert!(values.iter().all(|value| phases.remove(&[("filler", value)])));
        let error = phases.rename("source").expect_err("it is still to be shown").to_string();
        assert!(error.contains("label \"source\": ") && error.contains("names the state"), "{error}");
        for scraper in [&mut early, &mut late] {
            assert!(phases.rename("source").is_err(), "this scraper has not shown it");
            let mut body = Vec::new();
            scraper.encode(Format::OpenMetrics, &mut body);
            let text = String::from_utf8_lossy(&body);
            let read = families(Parser::open_metrics(&body)).unwrap_or_else(|error| panic!("{error}\n{text}"));
            let samples = read.iter().flat_map(|family| &family.samples).count();
            assert_eq!(samples, 2 * (2 + values.len()), "{text}");
        }
        phases.rename("source").expect("all have shown it");
        read_back(&registry);
        assert_eq!(registry.sample_value("source", &[("other", "x"), ("source", "a")]), Some(1.0));
    }
}

/// A visitor may rename what is still to be visited: it is shown under the name that it had when the scrape began.
#[test]
fn a_series_that_is_made_while_its_label_names_the_state_is_shown_from_the_next_scrape_on() {
    let registry = Registry::new();
    registry.gauge("first", "F.").register().expect("legal").set(1.0);
    let phases: DynamicFamily<StateSet> =
        registry.state_set("phase", "P.").states(["a"]).dynamic_family().expect("legal");
    drop(phases.get_or_create(&[("other", "x")]).expect("legal"));
    let mut scraper = Scraper::new(&registry);
    let mut visit = |rename: &dyn Fn()| {
        let mut seen = Vec::new();
        scraper.visit(|sample| {
            if sample.name() == "first" {
                return rename();
            }
            let labels: Vec<String> = sample.labels().iter().map(|(name, _)| name.to_owned()).collect();
            seen.push((sample.name().to_owned(), labels.join(" ")));
        });
        seen
    };
    let shown = |name: &str, label: &str| (name.to_owned(), label.to_owned());
    let seen = visit(&|| {
        phases.rename("stage").expect("free");
        drop(phases.get_or_create(&[("phase", "x")]).expect("the old name is a label as any other"));
    });
    assert_eq!(seen, [shown("phase", "other")]);
    assert_eq!(visit(&|| {}), [shown("stage", "other"), shown("stage", "phase")]);
}

#[test]
fn the_overflow_series_of_an_open_state_set_has_its_label_to_itself() {
    let registry = Registry::new();
    let open = |name: &str| registry.state_set(name, "S.").states(["a"]).dynamic_family();
    let error = open("overflow").expect_err("the overflow series has that label").to_string();
    assert!(error.contains("overflow"), "{error}");
    let phases: DynamicFamily<StateSet> = open("phase").expect("legal");
    assert!(phases.rename("overflow").is_err());
    assert!(registry.state_set("overflow", "S.").states(["a"]).register().is_ok(), "alone it has none");
}

/// `__name__` is Prometheus's own: a second one costs the whole scrape. Of two underscores at the beginning one is left.
#[test]
fn no_scheme_writes_a_label_as_a_reserved_one() {
    let declare = |label: &'static str| {
        refusal(move |registry| registry.gauge("lag", "L.").label(label, "x").register().map(drop))
    };
    for (label, underscores, dots) in [
        ("._name__", "_name__", "_dot___name____"),
        ("_name_", "_name_", "_name__"),
        ("-name-", "_name_", "_name__"),
        ("_private", "_private", "_private"),
        ("..x", "_x", "_dot__dot_x"),
        ("_.x", "_x", "_dot_x"),
        ("9_x", "_x", "_x"),
        ("_", "_", "_"),
        ("\u{82b1}\u{706b}", "_", "_"),
        ("\u{82b1}\u{706b}s", "_s", "_s"),
        ("a.le", "a_le", "a_dot_le"),
    ] {
        assert_eq!(declare(label), "", "{label}");
        let registry = Registry::new();
        registry.gauge("lag", "L.").label(label, "x").register().expect("legal").set(1.0);
        for (escaping, expected) in [(Escaping::Underscores, underscores), (Escaping::Dots, dots)] {
            let mut body = Vec::new();
            Scraper::new(&registry).encode(Exposition::from(Format::Text).with_escaping(escaping), &mut body);
            let body = String::from_utf8(body).expect("UTF-8");
            assert!(body.ends_with(&format!("\nlag{{{expected}=\"x\"}} 1\n")), "{label}: {body}");
        }
    }
    for label in ["__name__", "__", "le", "quantile"] {
        assert!(declare(label).contains("reserved"), "{label}");
    }
    let alike = refusal(|registry| registry.label("._x", "1").label("_x", "2").gauge("lag", "L.").register().map(drop));
    assert!(alike.contains("\"_x\" twice"), "{alike}");
    let collected = |declared: fn() -> CollectedFamily| {
        refusal(move |registry| registry.register_collector(Declared(declared)).map(drop))
    };
    assert!(collected(|| CollectedFamily::gauge("lag", "L.").labels(["__name__"])).contains("reserved"));
    assert_eq!(collected(|| CollectedFamily::gauge("lag", "L.").labels(["._name__"])), "");
    assert!(collected(|| CollectedFamily::gauge("lag", "L.").labels(["a.b", "a_b"])).contains("\"a_b\" twice"));
    let open: DynamicFamily<StateSet> =
        Registry::new().state_set("s", "S.").states(["a"]).dynamic_family().expect("legal");
    assert!(open.get_or_create(&[("__name__", "x")]).is_err() && open.get_or_create(&[("_name_", "x")]).is_ok());
}

#[test]
fn a_nul_in_a_name_is_refused() {
    let metric = refusal(|registry| registry.gauge("la\0g", "L.").verbatim().register().map(drop));
    assert!(metric.contains("\"la\\0g\"") && metric.contains("NUL"), "{metric}");
    let scoped = refusal(|registry| registry.scope("a\0").gauge("lag", "L.").register().map(drop));
    assert!(scoped.contains("NUL"), "{scoped}");
    let label = refusal(|registry| registry.gauge("lag", "L.").label("a\0b", "x").register().map(drop));
    assert!(label.contains("label \"a\\0b\"") && label.contains("NUL"), "{label}");
    let collected = refusal(|registry| {
        registry.register_collector(Declared(|| CollectedFamily::gauge("lag", "L.").labels(["a\0"]))).map(drop)
    });
    assert!(collected.contains("NUL"), "{collected}");
    let open = refusal(|registry| registry.gauge("la\0g", "L.").dynamic_family().map(drop));
    assert!(open.contains("NUL"), "{open}");
    let registry = Registry::new();
    let family: DynamicFamily<streamgauge::Gauge> = registry.gauge("lag", "L.").dynamic_family().expect("legal");
    assert!(family.get_or_create(&[("a\0", "x")]).is_err() && family.rename("l\0").is_err());
    // Others are characters like any: in names, values and help texts.
    for code in (1..0x20).chain([0x7f, 0x85, 0x2028, 0xfeff]) {
        let char = char::from_u32(code).expect("a character");
        let name = format!("a{char}b");
        // Alone, since underscores write all of these names alike.
        let registry = Registry::new();
        let gauge = registry.gauge(&name, &format!("H{char}\0.")).label(&name, format!("{char}\0"));
        gauge.register().expect("legal").set(1.0);
        read_back(&registry);
    }
}

#[test]
fn a_state_set_and_an_info_have_no_unit_whatever_is_verbatim() {
    let problem = |outcome: Result<(), Error>| outcome.map_err(|error| error.to_string()).expect_err("no unit there");
    let registry = Registry::new();
    for verbatim in [false, true] {
        let states = registry.state_set("x_seconds", "S.").unit(Unit::Seconds).states(["a"]);
        let states = if verbatim { states.verbatim() } else { states };
        assert!(problem(states.register().map(drop)).contains("a state set has no unit"));
        let info = registry.info("x_bytes", "I.").unit(Unit::Bytes);
        let info = if verbatim { info.verbatim() } else { info };
        assert!(problem(info.register().map(drop)).contains("an info has no unit"));
    }
    let open: DynamicFamily<StateSet> =
        registry.state_set("x_seconds", "S.").states(["a"]).verbatim().dynamic_family().expect("legal");
    assert!(problem(open.describe("S.", Some(Unit::Seconds))).contains("a state set has no unit"));
    open.get_or_create(&[]).expect("legal").set("a");
    read_back(&registry);
}

/// The longest of everything, of the characters that grow most when they are escaped.
#[test]
fn what_can_be_registered_is_read_back_with_the_default_limits() {
    let registry = Registry::new();
    let (help, value) = ("\\".repeat(65_536), "\"".repeat(16_384));
    let long = |first: char| format!("{first:.<1536}");
    registry.histogram(&long('h'), &help).verbatim().register().expect("legal").observe(1.0);
    let states = registry.state_set(&format!("{:_<1536}", 's'), &help).states([&value]).verbatim();
    states.register().expect("legal").set_index(0);
    let labels = |fill: char| (0..128).map(move |number| format!("a{number}{}", fill.to_string().repeat(1024)));
    let scope = labels('.').fold(Scope::clone(&registry), |scope, label| scope.label(&label[..1024], &value));
    scope.gauge(&long('g'), &help).register().expect("legal").set(1.0);
    let open: DynamicFamily<streamgauge::Gauge> =
        registry.gauge(&long('o'), &help).value_limit(usize::MAX).dynamic_family().expect("legal");
    let names: Vec<String> = labels('_').collect();
    let mut labels: Vec<(&str, &str)> = names.iter().map(|name| (&name[..1024], "x")).collect();
    labels[0].1 = &value;
    open.get_or_create(&labels).expect("legal").set(1.0);
    read_back(&registry);
}

#[test]
fn what_is_longer_is_refused() {
    let problem = |declare: &dyn Fn(&Registry) -> Result<(), Error>| refusal(declare);
    let name = problem(&|registry| registry.gauge(&"a".repeat(1537), "G.").register().map(drop));
    assert!(name.contains("it has 1537 bytes, and 1536 are allowed"), "{name}");
    assert!(name.len() < 2000, "the name is shown once");
    let scoped = problem(&|registry| registry.scope(&"a".repeat(1536)).gauge("b", "G.").register().map(drop));
    assert!(scoped.contains("it has 1538 bytes"), "{scoped}");
    let label = problem(&|registry| registry.gauge("a", "G.").label(&"a".repeat(1025), "x").register().map(drop));
    assert!(label.contains("it has 1025 bytes, and 1024 are allowed"), "{label}");
    let help = problem(&|registry| registry.gauge("a", &"h".repeat(65_537)).register().map(drop));
    assert!(help.contains("help text") && help.contains("65537 bytes, and 65536 are allowed"), "{help}");
    let value = problem(&|registry| registry.gauge("a", "G.").label("b", "x".repeat(16_385)).register().map(drop));
    assert!(value.contains("16385 bytes, and 16384 are allowed"), "{value}");
    let state = problem(&|registry| registry.state_set("a", "S.").states(["x".repeat(16_385)]).register().map(drop));
    assert!(state.contains("16385 bytes, and 16384 are allowed"), "{state}");
    let collected = problem(&|registry| {
        let long = Declared(|| CollectedFamily::gauge("lag", "L.").labels(["a".repeat(1025)]));
        registry.register_collector(long).map(drop)
    });
    assert!(collected.contains("it has 1025 bytes"), "{collected}");
    let open: DynamicFamily<streamgauge::Gauge> = Registry::new().gauge("a", "").dynamic_family().expect("legal");
    assert!(open.rename(&"a".repeat(1537)).is_err() && open.describe(&"h".repeat(65_537), None).is_err());
}
