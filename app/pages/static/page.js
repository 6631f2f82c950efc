"use strict";
// The plain page: sign in, then calls and tickets as they come. Everything shown is set as text, never as markup.
const $ = (id) => document.getElementById(id);
const make = (tag, text, className) => {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  if (className) element.className = className;
  return element;
};
const time = (iso) => (iso ? iso.slice(5, 16).replace("T", " ") : "—");
let news = null;
let me = null;

async function ask(path, options) {
  const answer = await fetch(path, { headers: { "Content-Type": "application/json" }, ...options });
  if (answer.status === 401 && me) { show(null); }
  if (!answer.ok) {
    const fault = await answer.json().catch(() => ({ detail: "系统没有响应" }));
    throw Object.assign(new Error(fault.detail), { status: answer.status });
  }
  return answer.status === 204 ? null : answer.json();
}

function row(cells) {
  const line = make("tr");
  for (const cell of cells) {
    const box = make("td");
    if (cell instanceof Node) box.append(cell); else box.textContent = cell ?? "—";
    line.append(box);
  }
  return line;
}

function ticketLink(no, label) {
  const link = make("button", label ?? no, "link");
  link.type = "button";
  link.addEventListener("click", () => open(no));
  return link;
}

async function refresh() {
  const may = new Set(me.permissions);
  if (may.has("tickets.all") || may.has("tickets.unit")) {
    const tickets = await ask("/api/tickets?limit=50");
    $("tickets").replaceChildren(...tickets.map((t) => row([
      ticketLink(t.no), make("span", t.status_name, "chip"),
      make("span", t.urgency_name, `chip u${t.urgency}`), t.title, t.path, t.place ?? t.district,
      t.unit, t.caller_phone, time(t.citizen_due),
    ])));
    $("tickets-count").textContent = `最近 ${tickets.length} 张`;
    $("no-tickets").hidden = tickets.length > 0;
  }
  $("calls-section").hidden = !may.has("calls.read");
  if (may.has("calls.read")) {
    const calls = await ask("/api/calls?limit=50");
    $("calls").replaceChildren(...calls.map((c) => row([
      time(c.started_at), c.ani, make("span", c.outcome_name, c.outcome === "appeal" ? "chip good" : "chip"),
      c.talk_s === null ? "—" : `${Math.round(c.talk_s)} 秒`, `${c.utterances} / ${c.texts}`,
      c.recording_parts ? `${Math.round(c.recorded_s)} 秒${c.recording_parts > 1 ? `(${c.recording_parts} 段)` : ""}` : "—",
      c.ticket_no ? ticketLink(c.ticket_no) : "—",
    ])));
    $("calls-count").textContent = `最近 ${calls.length} 通`;
    $("no-calls").hidden = calls.length > 0;
  }
}

async function open(no) {
  const t = await ask(`/api/tickets/${encodeURIComponent(no)}`);
  $("detail-title").textContent = `${t.no} ${t.title}`;
  const facts = make("dl");
  const pairs = [
    ["状态", t.status_name], ["类型", t.type], ["紧急程度", t.urgency_name], ["分类", t.path],
    ["置信度", t.confidence === null ? null : `${Math.round(t.confidence * 100)}%`], ["地点", t.place ?? t.district],
    ["承办单位", t.unit], ["协办", t.co_units.join("、")], ["派单依据", t.dispatch_basis], ["需人工确认", t.confirm.join(";")],
    ["来电号码", t.caller_phone], ["承办时限", time(t.due)], ["诉求时限", time(t.citizen_due)], ["内容", t.content],
  ];
  for (const [name, value] of pairs) if (value) facts.append(make("dt", name), make("dd", value));
  const said = make("ol", undefined, "said");
  for (const s of t.transcript) said.append(make("li", `[${s.start_s.toFixed(1)} 秒] ${s.text ?? "(待转写)"}`));
  const history = make("ol", undefined, "said");
  for (const e of t.events) history.append(make("li", `${time(e.at)} ${e.kind_name}(${e.actor === "system" ? "系统" : e.actor})`));
  const clocks = make("ol", undefined, "said");
  for (const c of t.clocks) clocks.append(make("li", `${c.kind_name}:${c.limit},${time(c.due)} 到期`));
  const parts = [facts, make("h3", "通话文本"), said, make("h3", "时限"), clocks, make("h3", "经过"), history];
  if (me.permissions.includes("recordings.listen")) {
    for (const r of t.recordings.filter((r) => r.side === "citizen")) {
      const sound = make("audio");
      sound.controls = true;
      sound.preload = "none";
      sound.src = `/api/calls/${t.call_id}/recordings/${r.side}/${r.part}`;
      sound.setAttribute("aria-label", `市民录音第 ${r.part} 段`);
      parts.splice(1, 0, sound);
    }
  }
  $("detail-body").replaceChildren(...parts);
  $("detail").showModal();
}

function listen() {
  news = new EventSource("/live");
  const update = () => refresh().then(() => {
    $("state").className = "";
    $("state").textContent = `实时更新中，最近更新 ${new Date().toLocaleTimeString("zh-CN")}`;
  }).catch((fault) => { $("state").className = "lost"; $("state").textContent = fault.message; });
  news.addEventListener("changed", update);
  news.onerror = () => { $("state").className = "lost"; $("state").textContent = "与服务器的连接中断，正在重连…"; };
}

function show(user) {
  me = user;
  if (news) { news.close(); news = null; }
  $("sign-in").hidden = user !== null;
  $("board").hidden = user === null;
  $("sign-out").hidden = user === null;
  $("who").hidden = user === null;
  if (user) {
    $("who").textContent = `${user.name}(${user.role_names.join("、")})`;
    listen();
  } else {
    $("login").focus();
  }
}

$("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  $("sign-in-fault").textContent = "";
  try {
    await ask("/auth/sign-in", { method: "POST", body: JSON.stringify({ login: $("login").value, password: $("password").value }) });
    $("password").value = "";
    show(await ask("/auth/me"));
  } catch (fault) {
    $("sign-in-fault").textContent = fault.message;
  }
});
$("sign-out").addEventListener("click", async () => { await ask("/auth/sign-out", { method: "POST" }); show(null); });
ask("/auth/me").then(show, () => show(null));
