//! The way out of the facade: its series by the engine's own handles.

use streamgauge::bridge::{Admission, DynamicFamily};
use streamgauge::{Counter, Gauge, Histogram, Instrument, Scope, Summary};

use super::any_family::AnyFamily;
use super::handle::Handle;
use super::kind::Kind;

impl Handle {
    /// Returns a scope of the [`registry`](Self::registry) with the global labels of the recorder: for metrics that are
    /// declared in the program itself and are to have them too.
    ///
    /// ```
    /// use streamgauge_exporter::recorder::Recorder;
    /// let recorder = Recorder::builder().add_global_label("service", "orders").build_recorder();
    /// let handle = recorder.handle();
    /// let rows = handle.scope().counter("rows_total", "Rows read.").register()?;
    /// rows.inc();
    /// assert!(handle.render().ends_with("rows_total{service=\"orders\"} 1\n"));
    /// # Ok::<(), streamgauge::Error>(())
    /// ```
    #[must_use]
    pub fn scope(&self) -> Scope {
        // An empty value is none, as in the metrics of the facade.
        let labels = self.core.config().global_labels.iter().filter(|(_, value)| !value.is_empty());
        labels.fold((**self.registry()).clone(), |scope, (name, value)| scope.label(name, value))
    }

    /// Returns the engine's handle of the series that `counter!` with this name and these labels records into: for code
    /// that moves from the facade to the engine while other code still records through the facade.
    ///
    /// Keep it: looking it up costs more than the macro. As any handle it keeps its series from growing idle. Where there
    /// is no room for the name or the series, it is that of the overflow series.
    ///
    /// ```
    /// use streamgauge_exporter::recorder::Recorder;
    /// let recorder = Recorder::builder().build_recorder();
    /// let rows = recorder.handle().counter("rows", &[("table", "orders")]);
    /// rows.inc();
    /// metrics::with_local_recorder(&recorder, || metrics::counter!("rows", "table" => "orders").increment(1));
    /// assert_eq!(recorder.handle().render(), "# TYPE rows counter\nrows{table=\"orders\"} 2\n");
    /// ```
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> Counter {
        self.find(Kind::Counter, name, labels, |family| match family {
            AnyFamily::Counter(family) => Some(family),
            _ => None,
        })
        .unwrap_or_default()
    }

    /// Returns the engine's handle of the series that `gauge!` with this name and these labels records into; see
    /// [`counter`](Self::counter).
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> Gauge {
        self.find(Kind::Gauge, name, labels, |family| match family {
            AnyFamily::Gauge(family) => Some(family),
            _ => None,
        })
        .unwrap_or_default()
    }

    /// Returns the engine's handle of the series that `histogram!` with this name and these labels records into, `None`
    /// where the settings make it a [`summary`](Self::summary), or those of all histograms do and it has no place of its own;
    /// see [`counter`](Self::counter).
    #[must_use]
    pub fn histogram(&self, name: &str, labels: &[(&str, &str)]) -> Option<Histogram> {
        self.find(Kind::Histogram, name, labels, |family| match family {
            AnyFamily::Histogram(family) => Some(family),
            _ => None,
        })
    }

    /// Returns the engine's handle of the series that `histogram!` with this name and these labels records into, `None`
    /// where the settings make it a [`histogram`](Self::histogram), or those of all histograms do and it has no place of its
    /// own; see [`counter`](Self::counter).
    #[must_use]
    pub fn summary(&self, name: &str, labels: &[(&str, &str)]) -> Option<Summary> {
        self.find(Kind::Histogram, name, labels, |family| match family {
            AnyFamily::Summary(family) => Some(family),
            _ => None,
        })
    }

    /// Finds the series of a key, as a record through the facade does; `None` where it is not what `of` gives.
    fn find<M: Instrument>(
        &self,
        kind: Kind,
        name: &str,
        labels: &[(&str, &str)],
        of: impl Fn(&AnyFamily) -> Option<&DynamicFamily<M>>,
    ) -> Option<M> {
        let core = &self.core;
        if let Some(family) = core.families.get(kind, name) {
            let family = of(&family)?;
            let placed = core.place(kind, name, labels.iter().copied(), |labels| family.admit(labels));
            if let Some(placed) = placed {
                return Some(placed.into_inner());
            }
        }
        of(&core.families.overflow(kind))?.admit(&core.global_labels()).ok().map(Admission::into_inner)
    }
}

#[cfg(all(test, feature = "metrics-0-24"))]
mod tests {
    use metrics::{counter, gauge, histogram, with_local_recorder};

    use crate::recorder::Recorder;

    #[test]
    fn handles_are_those_of_the_series_the_facade_records_into() {
        let builder = Recorder::builder().add_global_label("job", "test").add_global_label("zone", "");
        let recorder = builder.set_buckets(&[1.0]).unwrap().name_limit(4).build_recorder();
        let handle = recorder.handle();
        with_local_recorder(&recorder, || {
            counter!("rows.read", "a.b" => "1").increment(1);
            gauge!("depth", "job" => "own").set(1);
            histogram!("lap").record(1);
        });
        handle.counter("rows_read", &[("a_b", "0"), ("a.b", "1")]).add(2);
        handle.gauge("depth", &[("job", "own")]).add(2.0);
        handle.histogram("lap", &[]).expect("it has bounds").observe(2.0);
        assert!(handle.summary("lap", &[]).is_none());
        let body = handle.render();
        for line in ["rows_read{a_b=\"1\",job=\"test\"} 3\n", "depth{job=\"own\"} 3\n", "lap_count{job=\"test\"} 2\n"] {
            assert!(body.contains(line), "{line} {body}");
        }
        // The name limit is used up: what has no name is not lost.
        handle.counter("another", &[]).add(5);
        assert!(handle.render().contains("metrics_facade_overflow_total{job=\"test\"} 5\n"), "{}", handle.render());
    }

    #[test]
    fn what_has_no_room_goes_where_the_macros_put_it() {
        let recorder = Recorder::builder().add_global_label("job", "test").series_limit(1).build_recorder();
        let handle = recorder.handle();
        for id in ["1", "2", "3"] {
            handle.counter("rows", &[("id", id)]).inc();
        }
        let names: Vec<String> = (0..20_000).map(|number| format!("label_{number}")).collect();
        let many: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "x")).collect();
        handle.counter("rows", &many).add(7);
        let body = handle.render();
        for line in [
            "rows{job=\"test\",overflow=\"__overflow__\"} 2\n",
            "metrics_facade_overflow_total{job=\"test\"} 7\n",
            "streamgauge_facade_collisions_total{what=\"series\"} 2\n",
            "streamgauge_facade_collisions_total{what=\"refused\"} 1\n",
        ] {
            assert!(body.contains(line), "{line} {body}");
        }
        handle.counter("refused", &many).inc();
        assert!(!handle.render().contains("\nrefused"), "a key that is refused makes no other series");
    }

    #[test]
    fn a_scope_has_the_global_labels_but_no_empty_ones() {
        let builder = Recorder::builder().add_global_label("job", "test").add_global_label("zone", "");
        let handle = builder.build_recorder().handle();
        handle.scope().gauge("depth", "Depth.").register().unwrap().set(1.0);
        handle.registry().gauge("height", "Height.").register().unwrap().set(2.0);
        let body = handle.render();
        assert!(body.contains("depth{job=\"test\"} 1\n") && body.contains("height 2\n"), "{body}");
    }
}
