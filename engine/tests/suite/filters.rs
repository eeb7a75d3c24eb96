//! A name as a reader sees it chooses its family, whatever format and escaping scheme it sees it in.

use streamgauge::bridge::DynamicFamily;
use streamgauge::parse::{OwnedFamily, Parser, Syntax, families};
use streamgauge::{
    CollectedFamily, Collector, CollectorOutput, Escaping, Exposition, Filter, Format, Gauge, Registry, Scraper,
};

struct Peer;

impl Collector for Peer {
    fn describe(&self) -> Vec<CollectedFamily> {
        vec![
            CollectedFamily::gauge("peer.offset", "O.").labels(["peer.name"]),
            CollectedFamily::counter("peer.reads_total", "R."),
        ]
    }

    fn collect(&self, out: &mut CollectorOutput<'_>) {
        out.family("peer.offset").sample(&["a"], 1);
        out.family("peer.reads_total").sample(&[], 2);
    }
}

fn registry() -> Registry {
    let registry = Registry::new();
    registry.counter("http.server.requests_total", "R.").register().unwrap().add(1);
    registry.counter("http.server.errors", "E.").verbatim().register().unwrap().add(1);
    registry.gauge("plain_depth", "D.").register().unwrap().set(1.0);
    registry.histogram("lap time", "L.").register().unwrap().observe(1.0);
    registry.summary("caf\u{e9}_size", "S.").register().unwrap().observe(1.0);
    registry.info("build.of_info", "B.").label("version", "1").register().unwrap();
    let open: DynamicFamily<Gauge> = registry.gauge("dynamic_family", "").dynamic_family().unwrap();
    open.get_or_create(&[("a_b", "1")]).unwrap().set(1.0);
    registry.register_collector(Peer).unwrap();
    registry
}

fn shown(scraper: &mut Scraper, exposition: Exposition, filter: &Filter) -> Vec<OwnedFamily> {
    let mut body = Vec::new();
    scraper.encode_filtered(exposition, filter, &mut body);
    let syntax = if exposition.format() == Format::Text { Syntax::Text } else { Syntax::OpenMetrics };
    families(Parser::new(syntax, &body)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_name_of_a_body_chooses_its_family_and_no_other() {
    let registry = registry();
    let mut scraper = Scraper::new(&registry);
    for escaping in [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values] {
        for format in [Format::Text, Format::OpenMetrics] {
            let exposition = Exposition::from(format).with_escaping(escaping).with_created_samples(true);
            let all = shown(&mut scraper, exposition, &Filter::all());
            assert_eq!(all.len(), 9, "{all:?}");
            for family in &all {
                let names = family.samples.iter().map(|sample| &sample.name).chain([&family.name]);
                for name in names {
                    let chosen = shown(&mut scraper, exposition, &Filter::names([name]));
                    let chosen: Vec<_> = chosen.iter().map(|family| &family.name).collect();
                    assert_eq!(chosen, [&family.name], "{name:?} in {exposition:?}");
                }
            }
        }
    }
}

#[test]
fn registered_names_choose_in_every_scheme_and_those_of_other_schemes_do_not() {
    let registry = registry();
    let mut scraper = Scraper::new(&registry);
    let mut is_chosen = |format: Format, escaping: Escaping, name: &str| {
        let mut body = Vec::new();
        let exposition = Exposition::from(format).with_escaping(escaping);
        scraper.encode_filtered(exposition, &Filter::names([name]), &mut body);
        body.len() > "# EOF\n".len()
    };
    for escaping in [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Dots, Escaping::Values] {
        for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
            for name in ["http.server.requests_total", "http.server.requests", "lap time_bucket", "peer.offset"] {
                assert!(is_chosen(format, escaping, name), "{name} {format:?} {escaping:?}");
            }
        }
    }
    assert!(is_chosen(Format::Protobuf, Escaping::Underscores, "http_server_requests_total"));
    assert!(is_chosen(Format::Protobuf, Escaping::Dots, "http_dot_server_dot_requests__total"));
    assert!(!is_chosen(Format::Text, Escaping::AllowUtf8, "http_server_requests_total"));
    assert!(!is_chosen(Format::Text, Escaping::Dots, "peer_offset"));
}
