// Judges Kubernetes objects by the schemas of the npm package kubernetes-models: objects as a JSON array on stdin, what
// is wrong on stdout, a line each. The package's checks take unknown keys without a word, but never look at them, so a
// key that was not looked at is unknown.
//
//     node kubernetes_schema.mjs FOLDER-WITH-NODE_MODULES <objects.json

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const folder = join(process.argv[2], "node_modules", "kubernetes-models", "_schemas");
const objects = JSON.parse(readFileSync(0, "utf8"));

/** The schema of an apiVersion and kind: `networking.k8s.io/v1`, `Ingress` → `IoK8sApiNetworkingV1Ingress`. */
function schemaName(apiVersion, kind) {
  const [version, group = "core"] = apiVersion.split("/").reverse();
  const words = [group.split(".")[0], version].map((word) => word[0].toUpperCase() + word.slice(1));
  return `IoK8sApi${words.join("")}${kind}`;
}

/** A view of a value that takes down which of its keys were looked at. */
function observed(value, path, seen) {
  if (value === null || typeof value !== "object") return value;
  const looked = new Set();
  seen.push({ value, path, looked });
  const children = new Map();
  return new Proxy(value, {
    get(target, key) {
      looked.add(key);
      if (!Object.hasOwn(target, key)) return target[key];
      if (!children.has(key)) children.set(key, observed(target[key], `${path}/${key}`, seen));
      return children.get(key);
    },
  });
}

for (const object of objects) {
  const name = `${object.kind} ${object.metadata?.name}`;
  let validate;
  try {
    ({ validate } = await import(pathToFileURL(join(folder, `${schemaName(object.apiVersion, object.kind)}.js`))));
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    console.log(`${name}: there is no ${object.kind} in ${object.apiVersion}`);
    continue;
  }
  const seen = [];
  if (!validate(observed(object, "", seen))) {
    for (const error of validate.errors) {
      console.log(`${name}: ${error.instancePath || "/"}: ${error.keyword} ${JSON.stringify(error.params)}`);
    }
    continue;
  }
  for (const { value, path, looked } of seen) {
    if (Array.isArray(value)) continue;
    for (const key of Object.keys(value)) {
      if (!looked.has(key)) console.log(`${name}: ${path}/${key}: is unknown`);
    }
  }
}
