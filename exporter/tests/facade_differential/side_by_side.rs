//! Every difference, as the stock recorder and this one expose it.

use crate::facade::recorder;
use metrics::{Unit, counter, describe_counter, describe_gauge, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use streamgauge::parse::{Parser, families};
use streamgauge_exporter::recorder::Recorder;

/// Records in both and gives the lines of the samples and the metadata, each sorted: the stock recorder's order is that
/// of a hash table. Stock's come first.
fn both(record: impl Fn()) -> [Vec<String>; 2] {
    let ours = Recorder::builder().set_buckets(&[1.0]).unwrap().build_recorder();
    let stock = PrometheusBuilder::new().set_buckets(&[1.0]).unwrap().build_recorder();
    with_local_recorder(&ours, &record);
    with_local_recorder(&stock, &record);
    [stock.handle().render(), ours.handle().render()].map(|text| lines(&text))
}

fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Tells whether a reader takes what the lines were made of, in the order they were written.
fn is_readable(text: &str) -> bool {
    families(Parser::text(text.as_bytes())).is_ok()
}

#[test]
fn backslashes_come_back_as_they_were() {
    let [stock, ours] = both(|| {
        counter!("paths", "path" => r"a\b").increment(1);
        counter!("paths", "path" => r"a\\b").increment(2);
    });
    assert_eq!(
        stock,
        ["# TYPE paths counter", r#"paths{path="a\\b"} 1"#, r#"paths{path="a\\b"} 2"#],
        "one series, twice"
    );
    assert_eq!(ours, ["# TYPE paths counter", r#"paths{path="a\\\\b"} 2"#, r#"paths{path="a\\b"} 1"#]);
    let [stock, ours] = both(|| counter!("paths", "path" => "\\\"").increment(1));
    assert_eq!(stock[1], r#"paths{path="\""} 1"#, "the backslash is lost");
    assert_eq!(ours[1], r#"paths{path="\\\""} 1"#);
    let [stock, ours] = both(|| {
        describe_counter!("paths", r"\\host\share");
        counter!("paths").increment(1);
    });
    assert_eq!((stock[0].as_str(), ours[0].as_str()), (r"# HELP paths \\host\\share", r"# HELP paths \\\\host\\share"));
}

#[test]
fn histograms_leave_bad_values_out() {
    let [stock, ours] = both(|| [0.5, f64::NAN, -1.0].into_iter().for_each(|value| histogram!("size").record(value)));
    let of_stock = ["size_bucket{le=\"+Inf\"} 3", "size_bucket{le=\"1\"} 2", "size_count 3", "size_sum NaN"];
    assert_eq!(stock[1..], of_stock, "the sum is lost for good");
    let of_ours = ["size_bucket{le=\"+Inf\"} 1", "size_bucket{le=\"1\"} 1", "size_count 1", "size_sum 0.5"];
    assert_eq!(ours[1..], of_ours);
}

#[test]
fn infinity_is_spelt_as_the_format_spells_it() {
    // Readers take both; the specification has `+Inf` and `-Inf`.
    let [stock, ours] = both(|| {
        gauge!("high").set(f64::INFINITY);
        gauge!("low").set(f64::NEG_INFINITY);
    });
    assert_eq!(stock[2..], ["high inf", "low -inf"]);
    assert_eq!(ours[2..], ["high +Inf", "low -Inf"]);
}

#[test]
fn names_that_look_alike_add_up() {
    let [stock, ours] = both(|| {
        counter!("a.b").increment(1);
        counter!("a_b").increment(2);
        histogram!("c.d").record(1);
        histogram!("c_d").record(2);
    });
    assert!(stock.contains(&"a_b 1".to_owned()) || stock.contains(&"a_b 2".to_owned()), "one is lost: {stock:?}");
    assert!(ours.contains(&"a_b 3".to_owned()), "{ours:?}");
    assert!(stock.contains(&"c_d_sum 3".to_owned()) && ours.contains(&"c_d_sum 3".to_owned()));
    assert!(ours.contains(&"streamgauge_facade_collisions_total{what=\"name\"} 2".to_owned()), "{ours:?}");
}

#[test]
fn kinds_of_one_name_are_told_apart() {
    let record = || {
        counter!("jobs").increment(1);
        gauge!("jobs").set(2);
    };
    let [stock, ours] = both(record);
    assert_eq!(stock, ["# TYPE jobs counter", "# TYPE jobs gauge", "jobs 1", "jobs 2"]);
    for line in ["# TYPE jobs counter", "# TYPE jobs_gauge gauge", "jobs 1", "jobs_gauge 2"] {
        assert!(ours.iter().any(|ours| ours == line), "{line}: {ours:?}");
    }
    let stock = PrometheusBuilder::new().build_recorder();
    with_local_recorder(&stock, record);
    assert!(!is_readable(&stock.handle().render()), "one metric less, and the whole scrape is refused");
}

#[test]
fn reserved_labels_are_prefixed() {
    let [stock, ours] = both(|| histogram!("size", "le" => "x").record(0.5));
    assert!(stock.contains(&"size_bucket{le=\"x\",le=\"1\"} 1".to_owned()), "{stock:?}");
    assert!(ours.contains(&"size_bucket{exported_le=\"x\",le=\"1\"} 1".to_owned()), "{ours:?}");
    let [stock, ours] = both(|| counter!("events", "__name__" => "x").increment(1));
    assert_eq!(
        (stock[1].as_str(), ours[1].as_str()),
        ("events{__name__=\"x\"} 1", "events{exported___name__=\"x\"} 1")
    );
}

#[test]
fn of_labels_that_look_alike_the_last_one_counts() {
    let [stock, ours] = both(|| counter!("events", "a.b" => "1", "a_b" => "2").increment(1));
    assert_eq!(stock[1], "events{a_b=\"1\",a_b=\"2\"} 1");
    assert!(!is_readable(&format!("{}\n{}\n", stock[0], stock[1])));
    assert!(ours.contains(&"events{a_b=\"2\"} 1".to_owned()), "{ours:?}");
}

#[test]
fn the_order_of_labels_that_look_alike() {
    // The facade's keys are the same, so for stock the labels are those of the first one; here each is what it says.
    let [stock, ours] = both(|| {
        counter!("events", "a" => "1", "a" => "2").increment(1);
        counter!("events", "a" => "2", "a" => "1").increment(10);
    });
    assert_eq!(stock[1..], ["events{a=\"2\"} 11"]);
    assert_eq!(ours[1..], ["events{a=\"1\"} 10", "events{a=\"2\"} 1"]);
}

#[test]
fn samples_of_histograms_have_their_suffix() {
    let [stock, ours] = both(|| histogram!("account").record(0.5));
    assert_eq!(
        stock[1..],
        ["account 1", "account_bucket{le=\"+Inf\"} 1", "account_bucket{le=\"1\"} 1", "account_sum 0.5"]
    );
    assert!(ours.contains(&"account_count 1".to_owned()), "{ours:?}");
}

#[test]
fn a_label_without_a_value_is_none() {
    let [stock, ours] = both(|| {
        counter!("events").increment(1);
        counter!("events", "table" => "").increment(2);
    });
    assert_eq!(stock[1..], ["events 1", "events{table=\"\"} 2"], "of which a reader keeps one");
    assert_eq!(ours[1..], ["events 3"]);
}

#[test]
fn a_counter_with_its_suffix_and_a_gauge_without_keep_their_names() {
    for order in [0, 1] {
        let [stock, ours] = both(|| {
            let calls: [&dyn Fn(); 2] =
                [&|| gauge!("connections").set(3), &|| counter!("connections_total").increment(7)];
            calls[order]();
            calls[1 - order]();
        });
        assert_eq!(ours, stock);
    }
}

#[test]
fn descriptions_are_the_same_empty_early_late_and_between_scrapes() {
    let [stock, ours] = both(|| {
        describe_counter!("events", "");
        counter!("events").increment(1);
        describe_gauge!("depth", "First.");
        gauge!("depth").set(1);
        describe_gauge!("depth", "Second.");
    });
    assert_eq!((stock[0].as_str(), stock.len()), ("# HELP depth Second.", 6));
    assert_eq!(ours, stock);
    let (ours, stock) = (recorder(), PrometheusBuilder::new().build_recorder());
    let render = || [lines(&stock.handle().render()), lines(&ours.handle().render())];
    for text in ["First.", "Second."] {
        for recorder in [&ours as &dyn metrics::Recorder, &stock] {
            with_local_recorder(recorder, || {
                describe_gauge!("depth", text);
                gauge!("depth").set(1);
            });
        }
        assert_eq!(render()[0], render()[1]);
        assert_eq!(render()[0][0], "# HELP depth First.", "it was seen");
    }
}

#[test]
fn numbers_are_the_same() {
    let bounds = [0.000_01, 0.5, 1.0, 1_048_576.0, 1e21];
    let ours = Recorder::builder().set_buckets(&bounds).unwrap().build_recorder();
    let stock = PrometheusBuilder::new().set_buckets(&bounds).unwrap().build_recorder();
    for recorder in [&ours as &dyn metrics::Recorder, &stock] {
        with_local_recorder(recorder, || {
            let values = [1e-300, -1e-7, 0.1, 1.0, 1234567.0, 1e300, -0.0, f64::NAN, f64::MIN_POSITIVE, f64::MAX];
            for (index, value) in values.into_iter().enumerate() {
                gauge!("value", "index" => index.to_string()).set(value);
            }
            [1e-9, 3e6, 0.25].into_iter().for_each(|value| histogram!("size").record(value));
            counter!("rows").increment(u64::MAX);
        });
    }
    assert_eq!(lines(&ours.handle().render()), lines(&stock.handle().render()));
}

#[test]
fn an_empty_name_is_an_underscore() {
    let [stock, ours] = both(|| counter!("", "" => "1").increment(1));
    assert_eq!(stock, ["# TYPE  counter", "{=\"1\"} 1"]);
    assert_eq!(ours, ["# TYPE _ counter", "_{_=\"1\"} 1"]);
}

#[test]
fn histograms_without_bounds_are_histograms() {
    let (ours, stock) = (recorder(), PrometheusBuilder::new().build_recorder());
    for recorder in [&ours as &dyn metrics::Recorder, &stock] {
        with_local_recorder(recorder, || histogram!("size").record(0.5));
    }
    assert!(stock.handle().render().contains("# TYPE size summary\n"));
    assert!(ours.handle().render().contains("# TYPE size histogram\n"));
}

#[test]
fn families_come_in_the_order_of_their_registration_and_without_blank_lines() {
    let names: Vec<String> = (0..20).map(|index| format!("events_{index}")).collect();
    let record = || names.iter().for_each(|name| counter!(name.clone(), "b" => "1", "a" => "2").increment(1));
    let (ours, stock) = (recorder(), PrometheusBuilder::new().build_recorder());
    with_local_recorder(&ours, record);
    with_local_recorder(&stock, record);
    let expected: String =
        names.iter().map(|name| format!("# TYPE {name} counter\n{name}{{a=\"2\",b=\"1\"}} 1\n")).collect();
    assert_eq!(ours.handle().render(), expected, "labels are sorted");
    let text = stock.handle().render();
    assert_eq!(text.matches("\n\n").count(), 20);
    assert!(text.contains("{b=\"1\",a=\"2\"} 1\n"), "labels are as they were given: {text}");
}

#[test]
#[allow(deprecated, reason = "programs that come from the stock recorder make this call")]
fn recommended_naming_and_suffixes_of_units_are_the_same_in_any_order() {
    for (units, recommended, units_first) in
        [(true, false, true), (true, false, false), (false, true, true), (false, true, false), (true, true, true)]
    {
        let (ours, stock) = (Recorder::builder(), PrometheusBuilder::new());
        let (ours, stock) = if units_first {
            (
                ours.set_enable_unit_suffix(units).with_recommended_naming(recommended),
                stock.set_enable_unit_suffix(units).with_recommended_naming(recommended),
            )
        } else {
            (
                ours.with_recommended_naming(recommended).set_enable_unit_suffix(units),
                stock.with_recommended_naming(recommended).set_enable_unit_suffix(units),
            )
        };
        let (ours, stock) = (ours.build_recorder(), stock.build_recorder());
        for recorder in [&ours as &dyn metrics::Recorder, &stock] {
            with_local_recorder(recorder, || {
                describe_counter!("read", Unit::Bytes, "Bytes.");
                counter!("read").increment(1);
            });
        }
        let what = format!("units {units}, recommended {recommended}, units first {units_first}");
        assert_eq!(lines(&ours.handle().render()), lines(&stock.handle().render()), "{what}");
    }
}
