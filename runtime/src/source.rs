//! The text of this crate, so that the compiler can carry it and unpack it beside a gateway.

macro_rules! files {
    ($($path:literal,)*) => {
        &[$(($path, include_str!(concat!("../", $path)))),*]
    };
}

/// Every file that the build of a gateway needs: its path in the crate, with `/`, and its text.
pub const SOURCE: &[(&str, &str)] = files![
    "Cargo.toml",
    "gateway.lock",
    "src/access.rs",
    "src/access/line.rs",
    "src/access/spool.rs",
    "src/access/trail.rs",
    "src/auth.rs",
    "src/auth/base64.rs",
    "src/auth/basic.rs",
    "src/auth/certificate.rs",
    "src/auth/challenge.rs",
    "src/auth/claims.rs",
    "src/auth/fields.rs",
    "src/auth/guard.rs",
    "src/auth/holder.rs",
    "src/auth/jws.rs",
    "src/auth/keys.rs",
    "src/auth/principal.rs",
    "src/auth/revoked.rs",
    "src/auth/seen.rs",
    "src/auth/source.rs",
    "src/auth/tokens.rs",
    "src/auth/without.rs",
    "src/bulkhead.rs",
    "src/cache.rs",
    "src/cache/control.rs",
    "src/cache/flights.rs",
    "src/cache/store.rs",
    "src/calendar.rs",
    "src/check.rs",
    "src/check/carried.rs",
    "src/check/form.rs",
    "src/check/format.rs",
    "src/check/format/encoding.rs",
    "src/check/format/net.rs",
    "src/check/format/time.rs",
    "src/check/list.rs",
    "src/check/number.rs",
    "src/check/one_of.rs",
    "src/check/param.rs",
    "src/check/pattern.rs",
    "src/check/schema.rs",
    "src/check/text.rs",
    "src/check/violations.rs",
    "src/codegen.rs",
    "src/contract.rs",
    "src/contract/access.rs",
    "src/contract/cors.rs",
    "src/contract/deprecated.rs",
    "src/contract/reuse.rs",
    "src/der.rs",
    "src/error.rs",
    "src/items.rs",
    "src/items/accept.rs",
    "src/items/events.rs",
    "src/items/feed.rs",
    "src/items/lines.rs",
    "src/items/source.rs",
    "src/json.rs",
    "src/json/equality.rs",
    "src/json/escape.rs",
    "src/json/form.rs",
    "src/json/list.rs",
    "src/json/maybe.rs",
    "src/json/number.rs",
    "src/json/pointer.rs",
    "src/json/properties.rs",
    "src/json/properties/order.rs",
    "src/json/properties/reference.rs",
    "src/json/raw.rs",
    "src/json/reader.rs",
    "src/json/record.rs",
    "src/json/scan.rs",
    "src/json/schema.rs",
    "src/json/tests.rs",
    "src/json/writer.rs",
    "src/lib.rs",
    "src/limit.rs",
    "src/limit/meter.rs",
    "src/limit/shared.rs",
    "src/limit/tally.rs",
    "src/metrics.rs",
    "src/metrics/count.rs",
    "src/metrics/exposition.rs",
    "src/metrics/families.rs",
    "src/metrics/meters.rs",
    "src/metrics/places.rs",
    "src/metrics/process.rs",
    "src/mock.rs",
    "src/mock/ask.rs",
    "src/mock/caller.rs",
    "src/mock/scripted.rs",
    "src/observe.rs",
    "src/operator.rs",
    "src/operator/answers.rs",
    "src/operator/pulse.rs",
    "src/request.rs",
    "src/request/accept.rs",
    "src/request/body.rs",
    "src/request/deadline.rs",
    "src/request/fields.rs",
    "src/request/form.rs",
    "src/request/identity.rs",
    "src/request/query.rs",
    "src/request/remote.rs",
    "src/request/shape.rs",
    "src/request/target.rs",
    "src/response.rs",
    "src/result.rs",
    "src/reuse.rs",
    "src/reuse/answer.rs",
    "src/reuse/condition.rs",
    "src/reuse/heard.rs",
    "src/reuse/key.rs",
    "src/run.rs",
    "src/run/each.rs",
    "src/serve.rs",
    "src/serve/inherited.rs",
    "src/serve/supervisor.rs",
    "src/server.rs",
    "src/server/answer.rs",
    "src/server/connection.rs",
    "src/server/connection/io.rs",
    "src/server/connection/one.rs",
    "src/server/connection/proxied.rs",
    "src/server/connection/two.rs",
    "src/server/connection/watch.rs",
    "src/server/core.rs",
    "src/server/cors.rs",
    "src/server/head.rs",
    "src/server/lifecycle.rs",
    "src/server/listen.rs",
    "src/server/panic.rs",
    "src/server/record.rs",
    "src/server/reused.rs",
    "src/server/select.rs",
    "src/server/shutdown.rs",
    "src/server/tests.rs",
    "src/server/tests/two.rs",
    "src/server/tls.rs",
    "src/server/tls/authorities.rs",
    "src/server/tls/certificates.rs",
    "src/server/tls/tests.rs",
    "src/server/tls/validity.rs",
    "src/server/uses.rs",
    "src/settings.rs",
    "src/settings/describe.rs",
    "src/settings/report.rs",
    "src/settings/value.rs",
    "src/source.rs",
    "src/store.rs",
    "src/store/address.rs",
    "src/store/link.rs",
    "src/store/wire.rs",
    "src/stream.rs",
    "src/testing.rs",
    "src/testing/backend.rs",
    "src/testing/backend/http.rs",
    "src/testing/backend/reply.rs",
    "src/testing/client.rs",
    "src/testing/frames.rs",
    "src/testing/gateway.rs",
    "src/upstream.rs",
    "src/upstream/address.rs",
    "src/upstream/attempt.rs",
    "src/upstream/breaker.rs",
    "src/upstream/budget.rs",
    "src/upstream/cached.rs",
    "src/upstream/call.rs",
    "src/upstream/connect.rs",
    "src/upstream/copies.rs",
    "src/upstream/course.rs",
    "src/upstream/download.rs",
    "src/upstream/exchange.rs",
    "src/upstream/failure.rs",
    "src/upstream/fetch.rs",
    "src/upstream/forward.rs",
    "src/upstream/link.rs",
    "src/upstream/link/one.rs",
    "src/upstream/link/two.rs",
    "src/upstream/pass.rs",
    "src/upstream/pool.rs",
    "src/upstream/preflight.rs",
    "src/upstream/replicas.rs",
    "src/upstream/resolve.rs",
    "src/upstream/roster.rs",
    "src/upstream/tls.rs",
    "src/upstream/tls/tests.rs",
    "src/upstream/tls/tests/two.rs",
    "src/upstream/tokens.rs",
    "src/upstream/tunnel.rs",
    "src/upstream/upload.rs",
    "src/upstream/visits.rs",
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::SOURCE;

    /// The paths of all files below `folder`, relative to the crate.
    fn paths(root: &Path, folder: &str, all: &mut Vec<String>) {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = format!("{folder}/{}", entry.file_name().to_str().expect("UTF-8"));
            if entry.file_type().expect("a type").is_dir() {
                paths(root, &path, all);
            } else {
                all.push(path);
            }
        }
    }

    #[test]
    fn every_file_of_the_crate_is_carried_in_order() {
        let mut all = vec!["Cargo.toml".to_owned(), "gateway.lock".to_owned()];
        paths(Path::new(env!("CARGO_MANIFEST_DIR")), "src", &mut all);
        all.sort();
        let carried: Vec<_> = SOURCE.iter().map(|(path, _)| *path).collect();
        assert_eq!(carried, all);
    }

    #[test]
    fn the_manifest_stands_alone() {
        let (_, manifest) = SOURCE.first().expect("the manifest is first");
        assert!(manifest.starts_with("[package]\nname = \"gatewright-runtime\""));
        assert!(!manifest.contains("workspace = true"));
        let target = manifest.lines().find(|line| line.starts_with("[["));
        assert_eq!(target, None, "the file of a target is not carried");
    }
}
