"use strict";

const make = (name, properties, ...children) => {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
};

// example is a value that fits a schema, as far as an example is known.
function example(doc, schema) {
  while (schema.$ref) schema = doc.components.schemas[schema.$ref.split("/").pop()];
  if (schema.examples) return schema.examples[0];
  if (schema.oneOf) return example(doc, schema.oneOf[0]);
  if (schema.type === "object") {
    const all = Object.entries(schema.properties || {}).filter(([name]) => (schema.required || []).includes(name));
    return Object.fromEntries(all.map(([name, s]) => [name, example(doc, s)]));
  }
  if (schema.type === "array") return [example(doc, schema.items)];
  return "What does it cost?";
}

// operation shows an operation, and sends what its fields hold.
function operation(doc, path, method, op) {
  const form = make("form", {});
  const fields = {};
  for (const p of op.parameters || []) {
    fields[p.name] = make("input", { value: p.schema.default ?? "", id: op.operationId + "-" + p.name });
    form.append(make("label", { htmlFor: fields[p.name].id, textContent: `${p.name} (${p.in}): ${p.description || ""}` }), fields[p.name]);
  }
  let body, kind;
  if (op.requestBody) {
    const kinds = Object.keys(op.requestBody.content).sort();
    kind = make("select", { id: op.operationId + "-kind" }, ...kinds.map(k => make("option", { textContent: k, selected: k === "application/json" })));
    body = make("textarea", { rows: 6, id: op.operationId + "-body", value: JSON.stringify(example(doc, op.requestBody.content["application/json"].schema), null, 2) });
    form.append(make("label", { htmlFor: kind.id, textContent: "content type" }), kind, make("label", { htmlFor: body.id, textContent: "body" }), body);
  }
  const output = make("pre", { hidden: true });
  output.setAttribute("role", "status");
  form.append(make("p", {}, make("button", { textContent: "Send" })), output);
  form.addEventListener("submit", async e => {
    e.preventDefault();
    let url = path.slice(1);
    const query = new URLSearchParams();
    for (const p of op.parameters || []) {
      if (p.in === "path") url = url.replace(`{${p.name}}`, encodeURIComponent(fields[p.name].value));
      else if (p.in === "query" && fields[p.name].value) query.set(p.name, fields[p.name].value);
    }
    const headers = {};
    const key = document.getElementById("key").value;
    if (key) headers.Authorization = "Bearer " + key;
    if (body) headers["Content-Type"] = kind.value;
    output.hidden = false;
    output.textContent = "…";
    try {
      await show(await fetch(url + (query.size ? "?" + query : ""), { method: method.toUpperCase(), headers, body: body && body.value }), output);
    } catch (error) {
      output.textContent = error.message;
    }
  });
  const answers = make("ul", {}, ...Object.entries(op.responses).map(([code, r]) => make("li", { textContent: `${code} ${r.description}` })));
  return make("details", { className: "operation" }, make("summary", {}, make("strong", { textContent: method.toUpperCase() + " " + path }), " " + op.summary), form, make("p", { textContent: "Responses:" }), answers);
}

// show writes a response, that of a stream as it arrives.
async function show(answer, output) {
  output.textContent = answer.status + " " + answer.statusText + "\n";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of answer.body ? stream(answer.body) : []) {
    text += decoder.decode(chunk, { stream: true });
    output.textContent = answer.status + "\n" + text;
  }
  try {
    output.textContent = answer.status + "\n" + JSON.stringify(JSON.parse(text), null, 2);
  } catch {} // not JSON: it stays as it came
}

async function* stream(body) {
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

fetch("openapi.json").then(r => r.json()).then(doc => {
  for (const [path, methods] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(methods)) document.getElementById("operations").append(operation(doc, path, method, op));
  }
});
