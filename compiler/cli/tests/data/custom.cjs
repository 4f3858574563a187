// Reads documents as JSON, and says what is wrong with those of kinds that clusters learn from others.
const models = process.cwd() + "/node_modules/@kubernetes-models/";
const all = JSON.parse(require("fs").readFileSync(0, "utf8"));
const load = (path) => import(models + path);
Promise.all([
  load("gateway-api/gateway.networking.k8s.io/v1/HTTPRoute.mjs"),
  load("prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor.js"),
]).then(([{ HTTPRoute }, { ServiceMonitor }]) => {
  const kinds = { HTTPRoute, ServiceMonitor };
  for (const one of all) new kinds[one.kind](one).validate();
  console.log(all.length);
});
