#include "lib/evaluation/report_sections.h"

namespace matinee {

const char* const kReportStyle = R"(
:root { --page: #ffffff; --ink: #1b1f24; --soft: #57606a; --rule: #d0d7de; --box: #f6f8fa; --blue: #1f66ad;
  --orange: #b4510f; --green: #1a7f4b; --gray: #6e7781; --good: #1a7f37; --bad: #b42318; --heat: 31, 102, 173; }
@media (prefers-color-scheme: dark) { :root { --page: #11151a; --ink: #e3e8ee; --soft: #a0a9b4; --rule: #333c47;
  --box: #1a2027; --blue: #6cb0f5; --orange: #f0984f; --green: #56c28b; --gray: #98a2ad; --good: #57c878; --bad: #ff8578;
  --heat: 80, 160, 240; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1rem 3rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
p { margin: .5rem 0; max-width: 46rem; }
a { color: var(--blue); }
.soft, .source { color: var(--soft); font-size: .9rem; }
nav ul { list-style: none; margin: 1rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; }
.tiles { list-style: none; margin: 1rem 0; padding: 0; display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); }
.tiles li { background: var(--box); border: 1px solid var(--rule); border-radius: .5rem; padding: .6rem .8rem; }
.tiles b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--soft); font-size: .85rem; }
.wide { overflow-x: auto; margin: .75rem 0 1.5rem; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; max-width: min(46rem, calc(100vw - 2.5rem)); }
th, td { padding: .2rem .7rem .2rem 0; text-align: right; vertical-align: top; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; white-space: normal; }
tbody th { font-weight: 400; white-space: normal; min-width: 9rem; }
th:first-child, td.words { text-align: left; }
td.words { white-space: normal; min-width: 9rem; }
td.sure { font-weight: 700; }

tr.head th { font-weight: 600; padding-top: .8rem; }
table.heat th, table.heat td { text-align: center; padding: .25rem .35rem; min-width: 2.1rem; }
table.heat tbody th { text-align: right; min-width: 0; white-space: nowrap; }
table.heat td.hit { outline: 1px solid var(--soft); outline-offset: -2px; }
table.heat thead th { font-weight: 400; writing-mode: vertical-rl; transform: rotate(180deg); text-align: left; }
table.heat thead th:first-child { writing-mode: horizontal-tb; transform: none; }
figure { margin: 1rem 0 1.5rem; max-width: 46rem; }
figcaption { font-weight: 600; font-size: .95rem; }
svg.chart { display: block; width: 100%; height: auto; margin-top: .3rem; }
svg.cell { width: 8.5rem; height: 1.1rem; vertical-align: middle; }
svg.bars { height: auto; }
svg text { font-size: 10px; fill: var(--soft); }
@media (max-width: 34rem) { svg text { font-size: 14px; } body { padding: .75rem .75rem 2rem; } h1 { font-size: 1.35rem; } }
.legend { list-style: none; margin: .2rem 0; padding: 0; display: flex; flex-wrap: wrap; gap: .1rem 1rem;
  font-size: .85rem; color: var(--soft); }
.swatch { display: inline-block; width: .9em; height: .6em; margin-right: .4em; border-radius: 2px;
  background: var(--c); }
.s1 { --c: var(--blue); } .s2 { --c: var(--orange); } .s3 { --c: var(--green); } .s4 { --c: var(--gray); }
.swatch.faint { opacity: .4; }
.grid { stroke: var(--rule); stroke-width: .6; }
.axis { stroke: var(--soft); stroke-width: .8; }
.line { stroke: var(--c); stroke-width: 1.6; fill: none; stroke-linejoin: round; }
.line.faint { opacity: .35; stroke-width: .8; }
.dot, .bar { fill: var(--c); }
.tick { stroke: var(--c); stroke-width: 2; }
.range { stroke: var(--c); stroke-width: 2; opacity: .55; }
.card { border: 1px solid var(--rule); border-radius: .5rem; padding: .6rem .9rem; margin: .75rem 0;
  break-inside: avoid; }
.card > h3 { margin: 0 0 .3rem; }
.card dl { display: grid; grid-template-columns: auto 1fr; gap: .15rem .8rem; margin: .4rem 0 0; }
.card dt { color: var(--soft); } .card dd { margin: 0; min-width: 0; }
.said { font-size: 1.02rem; margin: .2rem 0; }
.pair { display: inline-block; border: 1px solid var(--rule); border-radius: .9rem; padding: 0 .6rem; margin: .05rem 0;
  font-size: .88rem; max-width: 100%; }
.pair.missing, .pair.wrong { border-color: var(--bad); color: var(--bad); }
.pair.wrong { border-style: dashed; }
.turns { list-style: none; margin: .5rem 0; padding: 0; }
.turns li { margin: .45rem 0; max-width: 46rem; }
.turns .user { margin-left: 2rem; border-left: 3px solid var(--blue); padding-left: .7rem; }
.turns .system { border-left: 3px solid var(--rule); padding-left: .7rem; }
.who { color: var(--soft); font-size: .8rem; display: block; }
.misread { color: var(--bad); font-size: .88rem; display: block; }
summary { cursor: pointer; font-weight: 600; }
pre { background: var(--box); border: 1px solid var(--rule); border-radius: .5rem; padding: .7rem .9rem;
  font-size: .82rem; white-space: pre-wrap; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: .85rem; margin-top: 2rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
@media print { body { max-width: none; font-size: 10pt; padding: 0; } nav { display: none; }
  .wide { overflow: visible; } h2, h3, figcaption, caption { break-after: avoid; } figure, tr { break-inside: avoid; } }
)";

}  // namespace matinee
