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
const LIMIT_UNITS = {
  m: "分钟", nm: "分钟", h: "小时", nh: "小时", d: "个自然日", nd: "个自然日", wh: "个工作小时", wd: "个工作日",
};
const limit = (text) => text.replace(/^(\d+)([a-z]+)$/, (whole, amount, unit) => (unit in LIMIT_UNITS ? amount + LIMIT_UNITS[unit] : whole));
let news = null;
let me = null;

async function ask(path, options) {
  const answer = await fetch(path, { headers: { "Content-Type": "application/json" }, ...options })
    .catch(() => { throw new Error("无法连接服务器，请稍后再试"); });
  if (answer.status === 401 && me) {
    show(null);
    $("sign-in-fault").textContent = "登录已失效，请重新登录";
  }
  if (!answer.ok) {
    const fault = await answer.json().catch(() => ({ detail: "系统没有响应" }));
    throw Object.assign(new Error(fault.detail), { status: answer.status });
  }
  return answer.status === 204 ? null : answer.json();
}

// What somebody asked for and did not get is said where they look.
function attempt(action) {
  $("fault").textContent = "";
  return action().catch((fault) => { $("fault").textContent = fault.message; });
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
  link.addEventListener("click", () => attempt(() => open(no)));
  return link;
}

async function refresh() {
  const user = me;
  const may = new Set(user.permissions);
  const sees = may.has("tickets.all") || may.has("tickets.unit");
  $("tickets-table").hidden = !sees;
  $("tickets-barred").hidden = sees;
  $("tickets-barred").textContent = `您的角色（${me.role_names.join("、")}）不查看工单内容。`;
  if (sees) {
    const tickets = await ask("/api/tickets?limit=50");
    if (me !== user) return; // somebody else signed in meanwhile
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
    if (me !== user) return;
    $("calls").replaceChildren(...calls.map((c) => row([
      time(c.started_at), c.ani, make("span", c.outcome_name, c.outcome === "appeal" ? "chip good" : "chip"),
      c.talk_s === null ? "—" : `${Math.round(c.talk_s)} 秒`, `${c.utterances} / ${c.texts}`,
      c.recording_parts ? `${Math.round(c.recorded_s)} 秒${c.recording_parts > 1 ? `（${c.recording_parts} 段）` : ""}` : "—",
      c.ticket_no ? ticketLink(c.ticket_no) : "—",
    ])));
    $("calls-count").textContent = `最近 ${calls.length} 通`;
    $("no-calls").hidden = calls.length > 0;
  }
}

async function open(no) {
  const user = me;
  const t = await ask(`/api/tickets/${encodeURIComponent(no)}`);
  if (me !== user) return;
  $("detail-title").textContent = `${t.no} ${t.title}`;
  const facts = make("dl");
  const pairs = [
    ["状态", t.status_name], ["类型", t.type], ["紧急程度", t.urgency_name], ["分类", t.path],
    ["置信度", t.confidence === null ? null : `${Math.round(t.confidence * 100)}%`], ["地点", t.place ?? t.district],
    ["承办单位", t.unit], ["协办", t.co_units.join("、")], ["派单依据", t.dispatch_basis], ["需人工确认", t.confirm.join("；")],
    ["来电号码", t.caller_phone], ["承办时限", time(t.due)], ["诉求时限", time(t.citizen_due)], ["内容", t.content],
  ];
  for (const [name, value] of pairs) if (value) facts.append(make("dt", name), make("dd", value));
  const said = make("ol", undefined, "said");
  for (const s of t.transcript) said.append(make("li", `[${s.start_s.toFixed(1)} 秒] ${s.text ?? "（待转写）"}`));
  const history = make("ol", undefined, "said");
  for (const e of t.events) history.append(make("li", `${time(e.at)} ${e.kind_name}（${e.actor === "system" ? "系统" : e.actor}）`));
  const clocks = make("ol", undefined, "said");
  for (const c of t.clocks) clocks.append(make("li", `${c.kind_name}：${limit(c.limit)}，${time(c.due)} 到期`));
  const sounds = [];
  if (me.permissions.includes("recordings.listen")) {
    for (const r of t.recordings.filter((r) => r.side === "citizen").sort((a, b) => a.part - b.part)) {
      const sound = make("audio");
      sound.controls = true;
      sound.preload = "none";
      sound.src = `/api/calls/${t.call_id}/recordings/${r.side}/${r.part}`;
      sound.setAttribute("aria-label", `市民录音第 ${r.part} 段`);
      sounds.push(sound);
    }
  }
  const parts = [facts, ...sounds, make("h3", "通话文本"), said, make("h3", "时限"), clocks, make("h3", "经过"), history];
  $("detail-body").replaceChildren(...parts);
  if (!$("detail").open) $("detail").showModal();
}

function listen() {
  news = new EventSource("/live");
  const update = () => refresh().then(() => {
    $("state").className = "";
    $("state").textContent = `实时更新中，最近更新 ${new Date().toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai" })}`;
  }).catch((fault) => { $("state").className = "lost"; $("state").textContent = fault.message; });
  news.addEventListener("changed", update);
  news.onerror = () => { $("state").className = "lost"; $("state").textContent = "与服务器的连接中断，正在重连…"; };
}

function show(user) {
  me = user;
  $("fault").textContent = "";
  if (news) { news.close(); news = null; }
  $("sign-in").hidden = user !== null;
  $("board").hidden = user === null;
  $("sign-out").hidden = user === null;
  $("who").hidden = user === null;
  if (user) {
    $("who").textContent = `${user.name}（${user.role_names.join("、")}）`;
    listen();
  } else {
    // what was read stays with who read it
    for (const id of ["tickets", "tickets-count", "calls", "calls-count", "detail-title", "detail-body"]) $(id).replaceChildren();
    $("no-tickets").hidden = true;
    if ($("detail").open) $("detail").close();
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
$("sign-out").addEventListener("click", () => attempt(async () => { await ask("/auth/sign-out", { method: "POST" }); show(null); }));
ask("/auth/me").then(show, () => show(null));
