//! A collector that speaks gRPC, and what collectors read.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) path: String,
    pub(super) fields: http::HeaderMap,
    /// With the five bytes in front of its message.
    pub(super) body: Vec<u8>,
    /// Which of the connections it came over.
    pub(super) connection: usize,
}

impl Call {
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(|value| value.to_str().ok())
    }

    /// Its message, which is not compressed and as long as it says.
    #[track_caller]
    pub(super) fn message(&self) -> &[u8] {
        let (head, message) = self.body.split_at(5);
        let length = u32::try_from(message.len()).expect("a small message").to_be_bytes();
        assert_eq!((head[0], &head[1..]), (0, &length[..]));
        message
    }
}

/// A collector on a port of its own, until the value is dropped.
pub(super) struct Collector {
    address: std::net::SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Collector {
    /// One that ends its calls with these codes, and with the last of them for ever.
    pub(super) fn start(codes: &'static [u32]) -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("a bound socket");
        let calls = Arc::<Mutex<Vec<Call>>>::default();
        let heard = Arc::clone(&calls);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("one");
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
                tokio::task::spawn_local(async move {
                    let mut connection = 0;
                    while let Ok((stream, _)) = listener.accept().await {
                        let heard = Arc::clone(&heard);
                        tokio::task::spawn_local(serve(stream, connection, heard, codes));
                        connection += 1;
                    }
                });
                let _ = stopped.await;
            });
        });
        Collector { address, calls, _stop: stop }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until there were so many calls.
    #[track_caller]
    pub(super) fn wait_for(&self, count: usize) -> Vec<Call> {
        let begin = Instant::now();
        loop {
            let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if calls.len() >= count {
                return calls;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "{} calls", calls.len());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

async fn serve(
    stream: tokio::net::TcpStream,
    connection: usize,
    heard: Arc<Mutex<Vec<Call>>>,
    codes: &'static [u32],
) {
    let Ok(mut two) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = two.accept().await {
        let heard = Arc::clone(&heard);
        tokio::task::spawn_local(async move {
            let (head, mut incoming) = request.into_parts();
            let mut body = Vec::new();
            while let Some(Ok(data)) = incoming.data().await {
                let _ = incoming.flow_control().release_capacity(data.len());
                body.extend_from_slice(&data);
            }
            let number = {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                let path = head.uri.path().to_owned();
                heard.push(Call { path, fields: head.headers, body, connection });
                heard.len() - 1
            };
            let code = codes.get(number).or(codes.last()).copied().unwrap_or(0);
            let response = http::Response::builder().header("content-type", "application/grpc");
            let Ok(response) = response.body(()) else { return };
            let Ok(mut answer) = respond.send_response(response, false) else { return };
            // An empty message, then how the call ended.
            if code == 0 {
                let _ = answer.send_data(Bytes::from_static(&[0; 5]), false);
            }
            let mut trailers = http::HeaderMap::new();
            trailers.insert("grpc-status", code.into());
            let _ = answer.send_trailers(trailers);
        });
    }
}

/// Everything that a collector was sent.
#[derive(Debug, Default)]
pub(super) struct Spans {
    pub(super) all: Vec<Span>,
    resources: Vec<KeyValue>,
}

/// Reads messages as a collector does.
#[track_caller]
pub(super) fn read(messages: impl IntoIterator<Item = Vec<u8>>) -> Spans {
    let mut spans = Spans::default();
    for message in messages {
        let request = ExportTraceServiceRequest::decode(&*message).expect("a message");
        for one in request.resource_spans {
            spans.resources = one.resource.expect("a resource").attributes;
            for scoped in one.scope_spans {
                assert_eq!(scoped.scope.map(|scope| scope.name).as_deref(), Some("gatewright"));
                spans.all.extend(scoped.spans);
            }
        }
    }
    let known = |span: &Span| span.trace_id.len() == 16 && span.span_id.len() == 8;
    assert!(spans.all.iter().all(known));
    spans.all.sort_by_key(|span| span.start_time_unix_nano);
    spans
}

impl Spans {
    /// The spans of this name, by their begin.
    pub(super) fn of(&self, name: &str) -> Vec<&Span> {
        self.all.iter().filter(|span| span.name == name).collect()
    }

    /// The only span of this name.
    #[track_caller]
    pub(super) fn named(&self, name: &str) -> &Span {
        let found = self.of(name);
        assert_eq!(found.len(), 1, "{name}: {:#?}", self.all);
        found[0]
    }

    /// An attribute of a span, as text.
    pub(super) fn says(&self, span: &Span, name: &str) -> Option<String> {
        said(&span.attributes, name).pop()
    }

    /// The attributes of this name of whoever sent all this.
    pub(super) fn resource(&self, name: &str) -> Vec<String> {
        said(&self.resources, name)
    }

    /// What kind of error it was, if it was one.
    pub(super) fn error(&self, span: &Span) -> Option<String> {
        let status = span.status.as_ref().map(|status| status.code());
        (status == Some(StatusCode::Error))
            .then(|| self.says(span, "error.type").unwrap_or_default())
    }
}

fn said(attributes: &[KeyValue], name: &str) -> Vec<String> {
    let named = attributes.iter().filter(|one| one.key == name);
    named.filter_map(|one| text(one.value.as_ref()?)).collect()
}

fn text(value: &AnyValue) -> Option<String> {
    Some(match value.value.as_ref()? {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        Value::ArrayValue(list) => {
            list.values.iter().filter_map(text).collect::<Vec<_>>().join("; ")
        }
        other => format!("{other:?}"),
    })
}
