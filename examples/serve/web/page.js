"use strict";

const $ = id => document.getElementById(id);

// plain writes out control characters and marks that turn the direction of a text, which could pass for something else.
const plain = text => text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

// make returns an element with properties and children. Texts of calls are only ever set as text.
function make(name, properties, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  if (properties.textContent) e.textContent = plain(properties.textContent);
  e.append(...children);
  return e;
}

function drawing(name, attributes, ...children) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
}

const kinds = { json: "application/x-ndjson", jsonl: "application/x-ndjson", ndjson: "application/x-ndjson", csv: "text/csv", vtt: "text/vtt", srt: "application/x-subrip" };

// headersOf describes a file by its name, and a pasted text by how it begins.
function headersOf(name, text) {
  const headers = {};
  if (name.endsWith(".gz")) {
    headers["Content-Encoding"] = "gzip";
    name = name.slice(0, -3);
  }
  headers["Content-Type"] = kinds[name.split(".").pop().toLowerCase()] || "text/plain";
  if (/^\s*[[{]/.test(text)) headers["Content-Type"] = kinds.json;
  if (/^\s*WEBVTT/.test(text)) headers["Content-Type"] = kinds.vtt;
  if ($("key").value) headers.Authorization = "Bearer " + $("key").value;
  return headers;
}

async function ask(path, headers, body) {
  const answer = await fetch(path, { method: body === undefined ? "GET" : "POST", headers, body });
  const json = await answer.json();
  if (!answer.ok) throw new Error(json.detail || json.title);
  return json;
}

async function predict(name, text, body) {
  $("result").hidden = true;
  if (!name && !text.trim()) {
    say("Paste a call first, or choose a file.", true);
    $("call").focus();
    return;
  }
  $("go").disabled = true;
  say("Reading the call …");
  try {
    const headers = headersOf(name, text);
    const { predictions } = await ask("v1/predict?by_turn=true", headers, body);
    const parts = predictions.length === 1
      ? one(predictions[0], await ask("v1/explain", headers, body), (await ask("v1/model", headers)).during_call.alarm)
      : [many(predictions)];
    $("result").replaceChildren(...parts);
    $("result").hidden = false;
    say("");
    $("result").focus();
  } catch (e) {
    say("Failed: " + e.message, true);
  } finally {
    $("go").disabled = false;
  }
}

function say(text, bad) {
  $("status").textContent = plain(text);
  $("status").className = bad ? "error" : "";
}

// percent is a probability: what rounds to 0 or 100 is not certain.
const percent = p => p < .005 ? "<1%" : p > .995 ? ">99%" : (100 * p).toFixed(0) + "%";

const warnings = {
  no_words: "Nobody says a word in this call: this is the share of training calls that were won.",
  too_short: "Distrust it: the call is shorter than nearly all training calls.",
  not_english: "Distrust it: the call is not in English, unlike the training calls.",
  unlike_training: "Distrust it: what is said is unlike the training calls.",
};

function one(prediction, why, alarm) {
  const parts = [make("h2", { textContent: "Probability of a won call" }), make("p", { className: "big", id: "probability", textContent: percent(prediction.probability) })];
  for (const w of prediction.warnings || []) parts.push(make("p", { className: "warning", textContent: warnings[w] || w }));
  if (prediction.by_turn) parts.push(make("h2", { textContent: "Over the call" }), curve(prediction.by_turn, alarm.threshold), make("p", { id: "slipping", textContent: slipping(prediction.by_turn, alarm) }));
  if (why.turns.length) {
    parts.push(make("h2", { textContent: "What each turn adds" }), make("p", { textContent:
      `The average call has ${percent(sigmoid(why.base))}; the turns make the difference, in points: +5 takes 50% to 55%. Blue speaks for a won call, orange against it.` }), turns(why, prediction.by_turn));
  }
  return parts;
}

function many(predictions) {
  const rows = predictions.map((p, i) => make("tr", {}, make("td", { textContent: p.id || `number ${i + 1}` }), make("td", { textContent: percent(p.probability) })));
  return make("table", {}, make("thead", {}, make("tr", {}, make("th", { textContent: "Call" }), make("th", { textContent: "Probability of a won call" }))), make("tbody", {}, ...rows));
}

// slipping says when the alarm of calls in progress would have been raised. After the last turn the call is over.
function slipping(all, alarm) {
  if (!alarm.threshold) return "";
  const at = all.slice(0, -1).findIndex(p => p < alarm.threshold);
  const rule = `below ${percent(alarm.threshold)}, where at most ${percent(alarm.false_alarms)} of the won calls ever are`;
  return at < 0 ? `The call was never slipping: ${rule}.` : `The call was slipping after turn ${at + 1}: ${rule}.`;
}

// curve draws the probability after each turn, and the line below which the call is slipping.
function curve(all, threshold) {
  const width = 400, height = 200, left = 44, bottom = 28, top = 8;
  const x = i => left + (width - left - 8) * (all.length > 1 ? i / (all.length - 1) : .5);
  const y = p => top + (height - top - bottom) * (1 - p);
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", id: "curve",
    "aria-label": `Probability after each of ${all.length} turns, as of a call in progress, and at the end of the whole call: from ${percent(all[0])} to ${percent(all[all.length - 1])}` });
  for (const p of [0, .5, 1]) {
    svg.append(drawing("line", { x1: left, x2: width - 8, y1: y(p), y2: y(p), stroke: "currentColor", "stroke-opacity": .2 }));
    svg.append(drawing("text", { x: left - 6, y: y(p) + 4, "text-anchor": "end" }, 100 * p + "%"));
  }
  if (threshold) svg.append(drawing("line", { id: "alarm", x1: left, x2: width - 8, y1: y(threshold), y2: y(threshold), stroke: "currentColor", "stroke-opacity": .6, "stroke-dasharray": "4 4" }));
  svg.append(drawing("text", { x: left, y: height - 6 }, "turn 1"), drawing("text", { x: width - 8, y: height - 6, "text-anchor": "end" }, "turn " + all.length));
  svg.append(drawing("polyline", { points: all.map((p, i) => x(i) + "," + y(p)).join(" "), fill: "none", stroke: "currentColor", "stroke-width": 2 }));
  if (all.length <= 60) all.forEach((p, i) => svg.append(drawing("circle", { cx: x(i), cy: y(p), r: 3, fill: "currentColor" }, drawing("title", {}, `after turn ${i + 1}: ${percent(p)}`))));
  return svg;
}

const sigmoid = z => 1 / (1 + Math.exp(-z));

// turns marks the call up. Contributions are of the log-odds; points of probability are shown, which add up as well.
function turns(why, after) {
  const p = why.probability, start = sigmoid(why.base), change = why.log_odds - why.base;
  const points = 100 * (Math.abs(change) > 1e-9 ? (p - start) / change : p * (1 - p));
  const largest = Math.max(...why.turns.map(t => Math.abs(t.contribution))) || 1;
  const list = make("ol", { id: "turns" });
  why.turns.forEach((t, i) => {
    const said = make("span", {});
    const words = t.words || [];
    const most = Math.max(...words.map(w => Math.abs(w.contribution)), 1e-9);
    for (const w of words) {
      const mark = make("mark", { textContent: w.text });
      mark.style.backgroundColor = shade(w.contribution / most, .5);
      said.append(mark);
    }
    if (!words.length) said.textContent = plain(t.text);
    const now = after ? `, then ${percent(after[i])}` : "";
    const item = make("li", {}, make("span", { className: "meta", textContent: `${i + 1} ${t.speaker}: ${signed(points * t.contribution)} points${now}` }), said);
    item.style.setProperty("--turn", shade(t.contribution / largest, 1));
    list.append(item);
  });
  return list;
}

const signed = x => Math.abs(x) < .05 ? "0.0" : (x < 0 ? "−" : "+") + Math.abs(x).toFixed(1);

// shade is blue for what speaks for a won call and orange for what speaks against it.
function shade(share, strength) {
  const alpha = (Math.abs(share) * strength).toFixed(2);
  return share < 0 ? `rgb(214 96 20 / ${alpha})` : `rgb(28 110 200 / ${alpha})`;
}

$("ask").addEventListener("submit", e => {
  e.preventDefault();
  predict("", $("call").value, $("call").value);
});
$("call").addEventListener("keydown", e => {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) $("ask").requestSubmit();
});
$("file").addEventListener("change", () => {
  const file = $("file").files[0];
  if (file) predict(file.name, "", file);
});
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, e => {
    e.preventDefault();
    $("call").classList.toggle("over", name === "dragover");
    const file = name === "drop" && e.dataTransfer.files[0];
    if (file) predict(file.name, "", file);
  });
}
