// The live page: plays the stream and says what the chain does, from /api/state and /api/events.
// Amounts arrive as decimal strings of wei (or of LPT's smallest unit) and stay exact as BigInt.

const $ = (id) => document.getElementById(id);
const video = $("video");

/** wei -> "0.0012": four significant digits below one, thousands grouped above. */
function coins(wei) {
  const value = BigInt(wei);
  const whole = value / 10n ** 18n;
  const fraction = (value % 10n ** 18n).toString().padStart(18, "0");
  if (whole >= 100n) return whole.toLocaleString("en");
  const zeros = whole > 0n ? 0 : fraction.length - fraction.replace(/^0+/, "").length;
  const digits = fraction.slice(0, whole > 0n ? 2 : zeros + 4).replace(/0+$/, "");
  return digits ? `${whole}.${digits}` : `${whole}`;
}

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// ---------------------------------------------------------------- player

let hls = null;
let playlist = null;
let levels = [];
let chosen = -1;

function attach(url) {
  playlist = url;
  if (window.Hls?.isSupported()) {
    hls?.destroy();
    hls = new Hls({ liveSyncDurationCount: 2, abrEwmaDefaultEstimate: 8e6, liveMaxLatencyDurationCount: 6, maxLiveSyncPlaybackRate: 1.1, backBufferLength: 30 });
    hls.on(Hls.Events.MANIFEST_PARSED, () => { levels = hls.levels; drawLadder(); video.play().catch(() => {}); });
    hls.on(Hls.Events.LEVEL_SWITCHED, drawLadder);
    hls.on(Hls.Events.ERROR, recover);
    hls.loadSource(url);
    hls.attachMedia(video);
  } else if (video.canPlayType("application/vnd.apple.mpegurl")) {
    video.src = url;
  } else {
    $("veil").textContent = "This browser plays neither Media Source Extensions nor HLS.";
  }
}

function recover(_event, error) {
  if (!error.fatal) return;
  if (error.type === Hls.ErrorTypes.MEDIA_ERROR) return hls.recoverMediaError();
  hls.destroy();
  hls = null;
  const url = playlist;
  playlist = null;
  setTimeout(() => attach(url), 1500);
}

function rungName(level) {
  if (level.name === "source") return "Source";
  return level.name || `${Math.min(level.width, level.height)}p`;
}

function drawLadder() {
  const order = levels.map((_, i) => i).sort((a, b) => levels[b].height * levels[b].width - levels[a].height * levels[a].width);
  const buttons = [-1, ...order].map((i) => {
    const button = element("button", i >= 0 && i === hls.currentLevel ? "playing" : "");
    button.type = "button";
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", String(i === chosen));
    const playing = hls.currentLevel >= 0 ? rungName(levels[hls.currentLevel]) : "by speed";
    button.append(i < 0 ? "Auto" : rungName(levels[i]));
    const small = element("small", "", i < 0 ? playing : rate(levels[i].bitrate));
    const more = i >= 0 ? `${levels[i].width}×${levels[i].height}, ` : hls.currentLevel >= 0 ? "now " : "";
    small.prepend(element("span", "size", more));
    button.append(small);
    button.onclick = () => { chosen = i; hls.nextLevel = i; drawLadder(); };
    return button;
  });
  $("ladder").replaceChildren(...buttons);
}

function rate(bits) {
  return bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mb/s` : `${Math.round(bits / 1e3)} kb/s`;
}

function seconds() {
  if (!hls || video.readyState < 2) return null;
  if (hls.playingDate) return (Date.now() - hls.playingDate.getTime()) / 1000;
  return Number.isFinite(hls.latency) && hls.latency > 0 ? hls.latency : null;
}

video.addEventListener("playing", () => $("veil").classList.add("gone"));
video.addEventListener("resize", () => {
  const { videoWidth: w, videoHeight: h } = video;
  if (w && h) $("screen").style.aspectRatio = h > w ? "4 / 3" : `${w} / ${h}`;
});
setInterval(() => {
  const behind = seconds();
  $("latency").textContent = behind === null ? "–" : `${behind.toFixed(1)} s`;
}, 500);

// ---------------------------------------------------------------- network state

function showJourney(steps) {
  $("journey").replaceChildren(...steps.map((step) => {
    const item = element("li", step.done ? "done" : "");
    item.append(element("b", "", step.label), element("span", "", step.value));
    return item;
  }));
}

const columns = ["Segments", "Speed", "Paid", "Minted"];

function showPeople(people) {
  const head = element("div", "person head");
  head.append(element("span", "", "Name"), element("span", "", "Does now"), ...columns.map((c) => element("span", "", c)));
  const rows = people.map((p) => {
    const row = element("div", `person ${p.state}`);
    const name = element("span", "name", p.name);
    name.title = p.address;
    const cells = [p.segments, p.speed, `${coins(p.paid)} ETH`, `${coins(p.minted)} LPT`];
    row.append(name, element("span", "role", p.role));
    cells.forEach((value, i) => { const cell = element("span", value ? "" : "blank", value || "–"); cell.dataset.label = columns[i]; row.append(cell); });
    return row;
  });
  $("people").replaceChildren(head, ...rows);
}

function showMoney(money) {
  $("escrow").textContent = `${coins(money.escrow)} ETH`;
  $("escrow").title = `${money.escrow} wei`;
  const total = Number(BigInt(money.escrow)) || 1;
  $("escrow-bar").replaceChildren(...money.parts.map((part, i) => {
    const piece = element("i", `part-${i + 1}${part.wei === "0" ? " none" : ""}`);
    piece.style.flexGrow = Number(BigInt(part.wei)) / total;
    return piece;
  }));
  $("escrow-legend").replaceChildren(...money.parts.map((part, i) => {
    const item = element("li");
    item.title = `${part.wei} wei`;
    item.append(element("i", `part-${i + 1}`), element("span", "", part.label), element("b", "", `${coins(part.wei)} ETH`));
    return item;
  }));
  check("escrow-check", money.balanced, money.balancedText);
  $("minted").textContent = `${coins(money.minted)} LPT`;
  $("minted").title = `${money.minted} of LPT's smallest unit`;
  check("minted-check", money.mintedBalanced, money.mintedText);
}

function check(id, good, text) {
  $(id).textContent = text || "";
  $(id).classList.toggle("bad", good === false);
}

async function refresh() {
  try {
    const answer = await fetch("/api/state", { cache: "no-store" });
    if (!answer.ok) throw new Error(`state ${answer.status}`);
    const state = await answer.json();
    $("phase").textContent = state.phase;
    $("live-dot").classList.toggle("on", state.live);
    $("block").textContent = state.block ?? "–";
    $("round").textContent = state.round ?? "–";
    if (!$("veil").classList.contains("gone")) $("veil").textContent = state.waiting || "Waiting for the first picture…";
    if (state.journey) showJourney(state.journey);
    if (state.people) showPeople(state.people);
    if (state.money) showMoney(state.money);
    if (state.playlist && state.playlist !== playlist) attach(state.playlist);
  } catch {
    $("phase").textContent = "The demo has stopped.";
    $("live-dot").classList.remove("on");
  }
  setTimeout(refresh, 1000);
}

// ---------------------------------------------------------------- chain events

const KEEP = 200;
const feed = $("feed");

function tell(line) {
  feed.querySelector(".empty")?.remove();
  const item = element("li", `${line.kind} new`);
  item.append(element("p", "", line.text), element("span", "where", `block ${line.block}`));
  item.title = `${line.contract}.${line.event}`;
  feed.prepend(item);
  while (feed.childElementCount > KEEP) feed.lastElementChild.remove();
}

// EventSource reconnects by itself and sends Last-Event-ID, so no line is lost or told twice.
const lines = new EventSource("/api/events");
lines.addEventListener("message", (message) => tell(JSON.parse(message.data)));
lines.addEventListener("reset", () => feed.replaceChildren());
refresh();
