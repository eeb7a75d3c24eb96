//! tokio-metrics: what tokio knows of its runtime and of tasks.

use crate::facade::{exposed, recorder};
use metrics::{Key, with_local_recorder};
use std::time::Duration;
use tokio_metrics::{RuntimeMetricsReporterBuilder, TaskMetricsReporterBuilder, TaskMonitor};

#[tokio::test(start_paused = true)]
async fn the_reporter_of_the_runtime_keeps_its_gauges_up_to_date() {
    let recorder = recorder();
    let builder = RuntimeMetricsReporterBuilder::default().with_interval(Duration::from_secs(1));
    // Takes its handles here, and records through them from a task.
    let reporter = with_local_recorder(&recorder, || builder.describe().build());
    tokio::spawn(reporter.run());
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let before = exposed(&recorder);
    assert_eq!(before.get("tokio_workers_count"), Some(1.0), "{before:?}");
    assert_eq!(before.kind("tokio_workers_count"), "gauge");
    assert!(before.help("tokio_workers_count").is_some_and(|help| help.contains("worker threads")));
    assert_eq!(before.get("tokio_live_tasks_count"), Some(1.0));

    let sleepers: Vec<_> = (0..5).map(|_| tokio::spawn(tokio::time::sleep(Duration::from_secs(60)))).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(exposed(&recorder).get("tokio_live_tasks_count"), Some(6.0));
    for sleeper in sleepers {
        sleeper.await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(exposed(&recorder).get("tokio_live_tasks_count"), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn names_and_labels_of_a_transformer_are_exposed() {
    let recorder = recorder();
    let builder = RuntimeMetricsReporterBuilder::default()
        .with_metrics_transformer(|name| Key::from_parts(name.replacen("tokio_", "app.", 1), &[("runtime", "main")]));
    let mut reporter = with_local_recorder(&recorder, || builder.describe().build());
    reporter.run_once();
    let exposed = exposed(&recorder);
    assert_eq!(exposed.get("app_workers_count{runtime=\"main\"}"), Some(1.0));
    assert!(exposed.help("app_workers_count").is_some());
}

#[tokio::test(start_paused = true)]
async fn the_reporter_of_tasks_tells_each_interval() {
    let recorder = recorder();
    let monitor = TaskMonitor::new();
    let builder = TaskMetricsReporterBuilder::new(Key::from_static_name);
    let mut reporter = with_local_recorder(&recorder, || builder.describe().build_with_monitor(monitor.clone()));
    for tasks in [3, 4] {
        for _ in 0..tasks {
            monitor.instrument(tokio::task::yield_now()).await;
        }
        reporter.run_once();
        let exposed = exposed(&recorder);
        for name in ["tokio_instrumented_count", "tokio_dropped_count", "tokio_first_poll_count"] {
            assert_eq!((exposed.kind(name), exposed.get(name)), ("gauge", Some(f64::from(tasks))), "{name}");
        }
        assert_eq!(exposed.get("tokio_total_poll_count"), Some(f64::from(2 * tasks)));
        assert_eq!(exposed.help("tokio_total_poll_count").map(str::is_empty), Some(false));
    }
}
