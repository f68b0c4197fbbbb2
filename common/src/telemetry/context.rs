//! The trace of which the current work is a part, as text that travels in message headers (W3C Trace Context).

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";

/// The current span as a `traceparent`, or `None` when it belongs to no trace.
pub fn traceparent() -> Option<String> {
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(&Span::current().context(), &mut headers);
    headers.remove(TRACEPARENT)
}

/// Makes `span`, which must not have been entered yet, a part of the trace that `traceparent` names. Text that is
/// none is ignored.
pub fn set_parent(span: &Span, traceparent: &str) {
    let headers = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&headers);
    if parent.span().span_context().is_valid()
        && let Err(error) = span.set_parent(parent)
    {
        tracing::debug!(%error, "a span was not joined to its trace");
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_trace_goes_on_in_another_process() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("job");
            set_parent(&span, PARENT);
            let carried = span.in_scope(traceparent).unwrap();
            assert!(carried.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{carried}");
            assert_ne!(carried, PARENT);
        });
    }

    #[test]
    fn without_a_trace_nothing_is_carried() {
        assert_eq!(traceparent(), None);
        let span = tracing::info_span!("job");
        set_parent(&span, "nonsense");
        assert_eq!(span.in_scope(traceparent), None);
    }
}
