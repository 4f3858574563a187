//! The gateways, compiled by the build script as a user's would be.

#![expect(unreachable_pub, reason = "generated modules are public, for crates that export them")]

gatewright_runtime::include_gateway!("access");
gatewright_runtime::include_gateway!("answers");
gatewright_runtime::include_gateway!("by_header");
gatewright_runtime::include_gateway!("by_media");
gatewright_runtime::include_gateway!("bookings");
gatewright_runtime::include_gateway!("caches");
gatewright_runtime::include_gateway!("calls");
gatewright_runtime::include_gateway!("certificates");
gatewright_runtime::include_gateway!("copies");
gatewright_runtime::include_gateway!("cors");
gatewright_runtime::include_gateway!("each");
gatewright_runtime::include_gateway!("ending");
gatewright_runtime::include_gateway!("environment");
gatewright_runtime::include_gateway!("everything");
gatewright_runtime::include_gateway!("media");
gatewright_runtime::include_gateway!("names");
gatewright_runtime::include_gateway!("faults");
gatewright_runtime::include_gateway!("fields");
gatewright_runtime::include_gateway!("kept");
gatewright_runtime::include_gateway!("limits");
gatewright_runtime::include_gateway!("lists");
gatewright_runtime::include_gateway!("overload");
gatewright_runtime::include_gateway!("parts");
gatewright_runtime::include_gateway!("pass");
gatewright_runtime::include_gateway!("paths");
gatewright_runtime::include_gateway!("operations");
gatewright_runtime::include_gateway!("policies");
gatewright_runtime::include_gateway!("requests");
gatewright_runtime::include_gateway!("reuse");
gatewright_runtime::include_gateway!("results");
gatewright_runtime::include_gateway!("retired");
gatewright_runtime::include_gateway!("routes");
gatewright_runtime::include_gateway!("schemas");
gatewright_runtime::include_gateway!("sending");
gatewright_runtime::include_gateway!("shaped");
gatewright_runtime::include_gateway!("shapes");
gatewright_runtime::include_gateway!("shop");
gatewright_runtime::include_gateway!("smallest");
gatewright_runtime::include_gateway!("statuses");
gatewright_runtime::include_gateway!("streams");
gatewright_runtime::include_gateway!("traps");
gatewright_runtime::include_gateway!("types");
gatewright_runtime::include_gateway!("validated");
gatewright_runtime::include_gateway!("weather");
