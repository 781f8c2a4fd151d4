/** The page’s own style: system fonts, two themes, one column on a narrow screen. Colour has one meaning: calm, warm, hot. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #f7f6f3; --panel: #fffefc; --edge: #e4e1da; --track: #ebe8e1;
  --ink: #1f1d1a; --soft: #625d55;
  --calm: #2c7a68; --warm: #96600a; --hot: #b3321f;
  --calm-fill: #3d9a84; --warm-fill: #d99a2b; --hot-fill: #d4513a; --mark: #1f1d1a;
  --shadow: 0 1px 2px rgb(60 50 30 / 5%), 0 6px 20px rgb(60 50 30 / 4%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #151412; --panel: #1d1c19; --edge: #302e2a; --track: #34312c;
    --ink: #edeae3; --soft: #a8a296;
    --calm: #6fc3ad; --warm: #e6b45c; --hot: #f58a74;
    --calm-fill: #47a38c; --warm-fill: #d39a3a; --hot-fill: #e2614a; --mark: #f5f2eb;
    --shadow: none;
  }
}
* { box-sizing: border-box; margin: 0; padding: 0; }
html { -webkit-text-size-adjust: 100%; }
body {
  background: var(--page); color: var(--ink);
  font: 15px/1.5 ui-sans-serif, -apple-system, "Segoe UI", Roboto, Inter, "Noto Sans", system-ui, sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
.frame { max-width: 1180px; margin: 0 auto; padding: 28px 24px 40px; }
.site { display: flex; justify-content: space-between; align-items: baseline; gap: 16px; color: var(--soft); font-size: 13px; }
h1 { font-size: 13px; font-weight: 600; letter-spacing: .01em; color: var(--soft); }
.connection { white-space: nowrap; }
.connection::before { content: ""; display: inline-block; width: 7px; height: 7px; margin-right: 7px; border-radius: 50%; background: var(--soft); vertical-align: 1px; }
.connection[hidden] { display: none; }
.connection[data-state="live"]::before { background: var(--calm-fill); }
.connection[data-state="lost"]::before { background: var(--hot-fill); }
.top { margin: 26px 0 24px; }
.headline { font-size: clamp(22px, 3.1vw, 31px); line-height: 1.25; font-weight: 400; letter-spacing: -.018em; max-width: 34em; text-wrap: balance; }
.headline b { font-weight: 650; }
.headline.hot b { color: var(--hot); }
.headline.warm b { color: var(--warm); }
.headline .aside { white-space: nowrap; font-size: .78em; letter-spacing: -.01em; }
.updated { margin-top: 8px; color: var(--soft); font-size: 13px; }
.trouble { color: var(--hot); font-weight: 600; }
#status[data-lost] :is(.columns, .updated) { color: var(--soft); filter: grayscale(1); }
#status[data-lost] :is(.bar, .line) { opacity: .5; }
.columns { display: grid; grid-template-columns: minmax(0, 1.62fr) minmax(0, 1fr); gap: 20px; align-items: start; }
.columns.single { grid-template-columns: minmax(0, 46rem); }
.columns > div { display: grid; gap: 20px; }
.panel { background: var(--panel); border: 1px solid var(--edge); border-radius: 14px; padding: 20px 24px; box-shadow: var(--shadow); }
h2 { font-size: 13px; font-weight: 600; color: var(--soft); letter-spacing: .01em; }
h3 { font-size: 16px; font-weight: 600; display: inline; letter-spacing: -.005em; }
code { font: 12px/1 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; color: var(--soft); }
ul { list-style: none; }
.badge { display: inline-block; font-size: 11px; font-weight: 600; line-height: 1.5; color: var(--soft); border: 1px solid var(--edge); border-radius: 99px; padding: 0 8px; margin-left: 6px; vertical-align: 2px; }
.quota {
  display: grid; grid-template-columns: minmax(0, 1fr) auto 170px; grid-template-areas: "title share history" "bar bar history" "facts facts history";
  column-gap: 24px; padding: 18px 0; border-top: 1px solid var(--edge);
}
.quota:first-child { border-top: 0; padding-top: 12px; }
.quota:last-child { padding-bottom: 16px; }
.title { grid-area: title; align-self: end; display: flex; flex-wrap: wrap; align-items: baseline; column-gap: 12px; }
.share { grid-area: share; align-self: end; font-size: 23px; line-height: 1.2; font-weight: 600; letter-spacing: -.02em; text-align: right; white-space: nowrap; }
.facts { grid-area: facts; color: var(--soft); font-size: 13.5px; }
.facts strong { font-weight: 600; }
.calm strong { color: var(--calm); } .warm strong, .warm .share { color: var(--warm); } .hot strong, .hot .share { color: var(--hot); }
.meter, .quota > .bar { grid-area: bar; margin: 9px 0 8px; }
.bar { display: block; width: 100%; height: 10px; border-radius: 5px; overflow: hidden; }
.track { fill: var(--track); }
.fill { fill: var(--calm-fill); }
.warm .fill { fill: var(--warm-fill); } .hot .fill { fill: var(--hot-fill); }
.mark { fill: var(--mark); }
.quota.unknown .track { fill: none; stroke: var(--edge); stroke-width: 2px; stroke-dasharray: 3 4; }
.unknown { color: var(--soft); font-weight: 400; }
.share .unknown { font-size: 15px; letter-spacing: 0; }
.history { grid-area: history; align-self: center; }
.line { display: block; width: 100%; height: 52px; border-bottom: 1px solid var(--edge); overflow: visible; }
.area { fill: var(--calm-fill); opacity: .14; }
.stroke { fill: none; stroke: var(--calm-fill); stroke-width: 1.6px; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke; }
.warm .area { fill: var(--warm-fill); } .warm .stroke { stroke: var(--warm-fill); }
.hot .area { fill: var(--hot-fill); } .hot .stroke { stroke: var(--hot-fill); }
.unknown .area, .balance.calm .area { fill: var(--soft); } .unknown .stroke, .balance.calm .stroke { stroke: var(--soft); }
.columns > div:nth-child(2) .quota, .single .quota {
  grid-template-columns: minmax(0, 1fr) auto; grid-template-areas: "title share" "bar bar" "facts facts" "history history";
}
.columns > div:nth-child(2) .history, .single .history { margin-top: 10px; }
.columns > div:nth-child(2) .line { height: 36px; }
.legend { padding-top: 14px; border-top: 1px solid var(--edge); color: var(--soft); font-size: 12.5px; }
.tick { display: inline-block; width: 2px; height: 11px; background: var(--mark); margin-right: 7px; vertical-align: -1px; }
.aside { color: var(--soft); }
time { white-space: nowrap; }
.facts .aside { white-space: nowrap; }
.note { margin: 8px 0 4px; color: var(--soft); font-size: 13.5px; }
.note strong, .bad .state { color: var(--hot); font-weight: 600; }
.fact { display: flex; justify-content: space-between; gap: 4px 20px; padding: 12px 0; border-top: 1px solid var(--edge); font-size: 13.5px; }
.fact:last-child { padding-bottom: 0; }
table + .legend { border-top: 0; padding-top: 10px; }
.fact .name { font-weight: 600; white-space: nowrap; } .fact .value { text-align: right; color: var(--soft); }
.fact.warm .value { color: var(--warm); } .fact.hot .value { color: var(--hot); }
.spend { padding: 12px 0; border-top: 1px solid var(--edge); }
.spend:last-child { padding-bottom: 0; }
.spend h3 { display: block; font-size: 13.5px; }
.spend dl { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 16px; margin-top: 4px; }
.spend dd { font-size: 14px; letter-spacing: 0; }
.figures + .legend, .note + .legend { margin-top: 14px; }
.by td, .by thead th + th { width: 25%; }
details { border-top: 1px solid var(--edge); padding-top: 12px; }
summary .aside { font-weight: 400; margin-left: 8px; }
table + details { margin-top: 4px; }
details + details { margin-top: 12px; }
details + .fact, details + .legend { margin-top: 12px; }
summary { cursor: pointer; font-size: 13.5px; font-weight: 600; border-radius: 4px; }
.more li { display: flex; justify-content: space-between; gap: 20px; padding: 7px 0; border-top: 1px solid var(--edge); font-size: 13.5px; }
.more li:first-child { border-top: 0; }
.more .value { text-align: right; white-space: nowrap; }
.more .warm .value { color: var(--warm); } .more .hot .value { color: var(--hot); }
.figures { display: grid; grid-template-columns: repeat(4, auto); justify-content: space-between; gap: 14px 24px; margin: 14px 0 6px; }
dt { color: var(--soft); font-size: 12.5px; }
dd { font-size: 20px; font-weight: 600; letter-spacing: -.015em; line-height: 1.3; }
dd .unknown { font-size: 14px; letter-spacing: 0; }
table { width: 100%; border-collapse: collapse; font-size: 13.5px; margin-top: 12px; }
th, td { padding: 8px 0 8px 16px; text-align: right; border-top: 1px solid var(--edge); vertical-align: baseline; white-space: nowrap; }
thead th { color: var(--soft); font-size: 12px; font-weight: 400; border-top: 0; vertical-align: bottom; white-space: normal; }
th:first-child { text-align: left; padding-left: 0; white-space: normal; }
tbody th { font-weight: 500; width: 40%; }
.bar.thin { height: 3px; border-radius: 2px; margin-top: 5px; }
.thin .fill { fill: var(--calm-fill); }
.sources { margin-top: 4px; }
.source { display: grid; grid-template-columns: 18px minmax(0, 1fr); gap: 6px; padding: 10px 0; border-top: 1px solid var(--edge); font-size: 13.5px; }
.source:first-child { border-top: 0; } .source:last-child { padding-bottom: 0; }
.source b { font-weight: 600; }
.source .mark { font-weight: 700; color: var(--soft); } .good .mark { color: var(--calm); } .bad .mark { color: var(--hot); }
.why, .remedy { margin-top: 5px; line-height: 1.45; }
.site.foot { margin-top: 28px; justify-content: flex-start; flex-wrap: wrap; }
a { color: inherit; text-underline-offset: 3px; border-radius: 3px; }
:focus-visible { outline: 2px solid var(--calm-fill); outline-offset: 3px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: no-preference) { .fill, .mark { transition: width .6s ease, x .6s ease; } }
@media (max-width: 860px) { .columns { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 560px) {
  .frame { padding: 18px 14px 28px; }
  .top { margin: 18px 0 18px; }
  .panel { padding: 16px; }
  .quota, .columns > div:nth-child(2) .quota { grid-template-columns: minmax(0, 1fr) auto; grid-template-areas: "title share" "bar bar" "facts facts" "history history"; column-gap: 14px; }
  .history { margin-top: 10px; }
  .line { height: 34px; }
  .figures { grid-template-columns: repeat(2, 1fr); }
  .wide { display: none; }
  th, td { padding-left: 10px; }
  .fact { flex-wrap: wrap; }
  .fact .value { text-align: left; }
}
@media print { .panel { break-inside: avoid; box-shadow: none; } }
@media (forced-colors: active) { .track { fill: Canvas; stroke: CanvasText; } .fill, .mark { fill: CanvasText; } .stroke { stroke: CanvasText; } }
`;
