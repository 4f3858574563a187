//! What of traces the environment chooses, by the names and defaults of OpenTelemetry.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::context::Context;
use crate::upstream::{Address, is_framing};

/// The texts of the variables; empty where one is not set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'t> {
    pub(crate) endpoint: &'t str,
    pub(crate) protocol: &'t str,
    pub(crate) headers: &'t str,
    pub(crate) service: &'t str,
    pub(crate) attributes: &'t str,
    pub(crate) sampler: &'t str,
    pub(crate) argument: &'t str,
}

/// How the collector is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    Http,
}

/// Where spans go, and which there are.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(super) address: Address,
    pub(super) protocol: Protocol,
    /// What every request to the collector carries.
    pub(super) headers: HeaderMap,
    /// Who says all this.
    pub(super) resource: Vec<(String, String)>,
    pub(super) sampler: Sampler,
}

/// Which requests are traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sampler {
    /// Whether what the caller decided counts, if it decided.
    follows: bool,
    /// Traces whose number's lower half is below this, of 2^63.
    below: u64,
}

impl Sampler {
    #[cfg(test)]
    pub(super) const ALL: Sampler = Sampler { follows: true, below: u64::MAX };

    /// Reads `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`.
    fn read(name: &str, argument: &str) -> Result<Sampler, Fault> {
        let (follows, root) = match name.strip_prefix("parentbased_") {
            Some(root) => (true, root),
            None => (false, name),
        };
        let below = match root {
            "always_on" => u64::MAX,
            "always_off" => 0,
            "traceidratio" => {
                let share = if argument.is_empty() { Ok(1.0) } else { argument.parse::<f64>() };
                match share.ok().filter(|share| (0.0..=1.0).contains(share)) {
                    Some(share) if share >= 1.0 => u64::MAX,
                    Some(share) => share_of(share),
                    None => {
                        let text = format!("is `{argument}`, must be a number from 0 to 1");
                        return Err(("OTEL_TRACES_SAMPLER_ARG", text));
                    }
                }
            }
            _ => {
                let text = format!(
                    "is `{name}`, must be `always_on`, `always_off` or `traceidratio`, or one of them behind `parentbased_`"
                );
                return Err(("OTEL_TRACES_SAMPLER", text));
            }
        };
        Ok(Sampler { follows, below })
    }

    /// Whether a request is traced that has this place in a trace, below that of its caller.
    pub(super) fn draws(self, parent: Option<Context>, context: Context) -> bool {
        match parent.filter(|_| self.follows) {
            Some(parent) => parent.is_sampled(),
            None => {
                let [.., a, b, c, d, e, f, g, h] = context.trace.to_be_bytes();
                u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < self.below
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the share is from 0 to less than 1"
)]
fn share_of(share: f64) -> u64 {
    (share * 2_f64.powi(63)) as u64
}

/// A variable, and what is wrong with its text.
pub(crate) type Fault = (&'static str, String);

impl Choice {
    /// What the environment chooses; nothing where it names no collector.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub(crate) fn read(texts: Texts<'_>, api: &str) -> Result<Option<Choice>, Vec<Fault>> {
        if texts.endpoint.is_empty() {
            return Ok(None);
        }
        let mut faults = Vec::new();
        let mut kept = |fault: Fault| faults.push(fault);
        let address = address(texts.endpoint).map_err(&mut kept).ok();
        let protocol = protocol(texts.protocol).map_err(&mut kept).ok();
        let headers = headers(texts.headers).map_err(&mut kept).ok();
        let resource = resource(texts, api).map_err(&mut kept).ok();
        let sampler = Sampler::read(texts.sampler, texts.argument).map_err(&mut kept).ok();
        match (address, protocol, headers, resource, sampler) {
            (Some(address), Some(protocol), Some(headers), Some(resource), Some(sampler)) => {
                Ok(Some(Choice { address, protocol, headers, resource, sampler }))
            }
            _ => Err(faults),
        }
    }
}

fn address(text: &str) -> Result<Address, Fault> {
    let address = Address::parse(text).and_then(|address| match address.secure {
        true if !cfg!(feature = "tls") => Err("but this gateway is built without TLS"),
        _ => Ok(address),
    });
    address.map_err(|why| ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("is an address {why}")))
}

fn protocol(text: &str) -> Result<Protocol, Fault> {
    match text {
        "grpc" => Ok(Protocol::Grpc),
        "http/protobuf" => Ok(Protocol::Http),
        _ => {
            let text = format!("is `{text}`, must be `grpc` or `http/protobuf`");
            Err(("OTEL_EXPORTER_OTLP_PROTOCOL", text))
        }
    }
}

/// Fields for every request. What is wrong with them is told without them: they may be secret.
fn headers(text: &str) -> Result<HeaderMap, Fault> {
    const NAME: &str = "OTEL_EXPORTER_OTLP_HEADERS";
    let mut headers = HeaderMap::new();
    for (at, (name, value)) in pairs(text).map_err(|why| (NAME, why))?.into_iter().enumerate() {
        let name = HeaderName::try_from(name).ok().filter(|name| !is_framing(name));
        let value = HeaderValue::try_from(value).ok();
        let Some((name, mut value)) = name.zip(value) else {
            return Err((NAME, format!("has no usable header field as its {}. pair", at + 1)));
        };
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(headers)
}

/// What is said of the gateway as a whole: its own words last, so that they can be replaced.
fn resource(texts: Texts<'_>, api: &str) -> Result<Vec<(String, String)>, Fault> {
    let mut all = pairs(texts.attributes).map_err(|why| ("OTEL_RESOURCE_ATTRIBUTES", why))?;
    if !texts.service.is_empty() {
        all.retain(|(name, _)| name != "service.name");
        all.push(("service.name".to_owned(), texts.service.to_owned()));
    }
    for (name, value) in [
        ("service.name", api),
        ("telemetry.sdk.name", "gatewright"),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
    ] {
        if all.iter().all(|(known, _)| known != name) {
            all.push((name.to_owned(), value.to_owned()));
        }
    }
    Ok(all)
}

/// Reads `name=value,name=value`, where values may hold `%XX`.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    for (at, part) in parts.enumerate() {
        let pair = part.split_once('=').map(|(name, value)| (name.trim(), decoded(value.trim())));
        match pair {
            Some((name, Some(value))) if !name.is_empty() => found.push((name.to_owned(), value)),
            _ => return Err(format!("is no list of `name=value`: see its {}. part", at + 1)),
        }
    }
    Ok(found)
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: Texts<'_> = Texts {
        endpoint: "http://collector:4318",
        protocol: "http/protobuf",
        headers: "",
        service: "",
        attributes: "",
        sampler: "parentbased_always_on",
        argument: "",
    };

    fn faults(texts: Texts<'_>) -> Vec<&'static str> {
        let faults = Choice::read(texts, "shop").err().unwrap_or_default();
        faults.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn nothing_is_looked_at_without_a_collector() {
        let odd = Texts { endpoint: "", protocol: "x", sampler: "x", attributes: "x", ..TEXTS };
        assert!(Choice::read(odd, "shop").is_ok_and(|choice| choice.is_none()));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let odd = Texts {
            endpoint: "collector:4317",
            protocol: "http/json",
            headers: "a=b,c",
            attributes: "a=%zz",
            sampler: "jaeger_remote",
            ..TEXTS
        };
        let names = [
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_RESOURCE_ATTRIBUTES",
            "OTEL_TRACES_SAMPLER",
        ];
        assert_eq!(faults(odd), names);
        for headers in ["content-length=1", "a b=c", "a=%0d%0ab: c", "=x"] {
            assert_eq!(faults(Texts { headers, ..TEXTS }), [names[2]], "{headers}");
        }
        for argument in ["-0.1", "1.1", "NaN", "half"] {
            let texts = Texts { sampler: "traceidratio", argument, ..TEXTS };
            assert_eq!(faults(texts), ["OTEL_TRACES_SAMPLER_ARG"], "{argument}");
        }
    }

    #[test]
    fn the_name_of_the_service_is_that_of_the_api_unless_it_is_said() {
        let name = |texts| {
            let choice = Choice::read(texts, "shop").ok().flatten().expect("it is right");
            let mut names = choice.resource.into_iter().filter(|(name, _)| name == "service.name");
            (names.next().map(|(_, value)| value), names.next())
        };
        let said = |text: &str| (Some(text.to_owned()), None);
        assert_eq!(name(TEXTS), said("shop"));
        let attributes = "service.name=a%20b, deployment.environment.name=test";
        assert_eq!(name(Texts { attributes, ..TEXTS }), said("a b"));
        assert_eq!(name(Texts { attributes, service: "c", ..TEXTS }), said("c"));
    }

    #[test]
    fn a_share_of_traces_is_drawn_and_a_caller_may_decide() {
        let sampler = |name, share| Sampler::read(name, share).expect("it is one");
        let drawn = |sampler: Sampler, parent| {
            (0..4000).filter(|_| sampler.draws(parent, Context::below(parent))).count()
        };
        let [on, off] = ["01", "00"].map(|flags| {
            let text = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
            Context::read(text.as_bytes())
        });
        assert!((700..1300).contains(&drawn(sampler("traceidratio", "0.25"), None)));
        for (name, own, below_on, below_off) in [
            ("always_on", 4000, 4000, 4000),
            ("always_off", 0, 0, 0),
            ("traceidratio", 4000, 4000, 4000),
            ("parentbased_always_on", 4000, 4000, 0),
            ("parentbased_always_off", 0, 4000, 0),
            ("parentbased_traceidratio", 4000, 4000, 0),
        ] {
            let one = sampler(name, "");
            let found = [drawn(one, None), drawn(one, on), drawn(one, off)];
            assert_eq!(found, [own, below_on, below_off], "{name}");
        }
    }
}
