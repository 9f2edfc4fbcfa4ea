/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FLOW_CHAIN_STYLE_H
#define FLOW_CHAIN_STYLE_H

/* The parts of the page of `chain --html` that are always the same. */

/* clang-format off */

/* c1 removed, c2 zero, c3 from the parent, c4 to c7 written, the more the darker (in the dark, the brighter). */
static const char chain_style[] =
	":root{color-scheme:light dark;--bg:#fcfcfa;--fg:#22262a;--dim:#6b7278;--line:#e3e2dc;--hi:#f1f0ea;"
	"--c1:#ead9cf;--c2:#cfccc0;--c3:#b9cde0;--c4:#f3b98f;--c5:#e98d51;--c6:#d9642a;--c7:#b8430f;"
	"--size:#5b83ab;--time:#d9642a}\n"
	"@media(prefers-color-scheme:dark){:root{--bg:#17191c;--fg:#dadde0;--dim:#8d949b;--line:#2e3237;--hi:#22262a;"
	"--c1:#4a382e;--c2:#565750;--c3:#33506c;--c4:#8a4f2a;--c5:#b5662f;--c6:#e07f3a;--c7:#ffad6b;"
	"--size:#5f8fbf;--time:#e07f3a}}\n"
	"*{box-sizing:border-box}"
	"body{margin:0 auto;padding:1.5rem 2rem 3rem;max-width:82rem;background:var(--bg);color:var(--fg);"
	"font:15px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.15rem;margin:2.2rem 0 .4rem}"
	"h3{font-size:1rem;margin:1.6rem 0 .3rem}small{color:var(--dim);font-weight:400;overflow-wrap:anywhere}"
	"p{margin:.3rem 0 1rem}\n"
	"table{border-collapse:collapse}th,td{text-align:left;font-weight:400;white-space:nowrap;padding:.25rem .9rem .25rem 0;"
	"vertical-align:middle}thead th{color:var(--dim);font-size:.85rem;vertical-align:bottom}"
	".n{text-align:right;font-variant-numeric:tabular-nums}tbody tr:hover{background:var(--hi)}\n"
	".wide{overflow-x:auto}.sets{width:100%}.sets tbody td,.sets tbody th,.sets tfoot td,.sets tfoot th"
	"{border-top:1px solid var(--line)}.sets tbody th{font-weight:600}.sets .remark td{border-top:0;padding-top:0;"
	"color:var(--dim);white-space:normal}.sets tfoot{color:var(--dim)}"
	".b{min-width:7rem;width:15%}.b i{display:block;height:.7rem;min-width:1px;border-radius:2px}"
	".size{background:var(--size)}.time{background:var(--time)}\n"
	".map td,.map th{padding:1px 14px 1px 0}.map tbody th{font-size:.85rem;max-width:19rem;overflow:hidden;"
	"text-overflow:ellipsis}.map .n{font-size:.85rem;color:var(--dim)}code{font:.8rem ui-monospace,monospace;"
	"color:var(--dim);margin-right:.5em}svg{display:block;background:var(--hi)}tr:hover svg{background:var(--line)}\n"
	".c1{fill:var(--c1)}.c2{fill:var(--c2)}.c3{fill:var(--c3)}.c4{fill:var(--c4)}.c5{fill:var(--c5)}.c6{fill:var(--c6)}"
	".c7{fill:var(--c7)}.key i{display:inline-block;width:1.1rem;height:.65rem}"
	".key b{font-weight:400;white-space:nowrap;margin-right:1.2rem}.key b i{margin:0 .3rem 0 0}"
	".key b i~i{margin-left:-.3rem}\n"
	"#tip{position:fixed;display:none;pointer-events:none;background:var(--fg);color:var(--bg);padding:.3rem .6rem;"
	"border-radius:4px;font-size:.85rem;max-width:24rem;z-index:1}\n";

static const char chain_legend[] =
	"<p class=key><b><i style=background:var(--c4)></i><i style=background:var(--c5)></i>"
	"<i style=background:var(--c6)></i><i style=background:var(--c7)></i>written: a part of the cell up to all of it</b>"
	" <b><i style=background:var(--c3)></i>left to the parent</b> <b><i style=background:var(--c2)></i>zeros, on no disk"
	" block</b> <b><i style=background:var(--c1)></i>removed by dedup</b><br>A column is a set, a row a range of addresses."
	" A range eight times as large is drawn twice as long.</p>\n";

/* Shows what the cell under the pointer counts; the titles in the pictures stay for those without it. */
static const char chain_script[] =
	"(function(){var tip=document.createElement('div'),words={w:'written',z:'zero',p:'from parent',r:'removed'};"
	"tip.id='tip';document.body.appendChild(tip);\n"
	"function cells(svg){if(!svg.cells){var out=[];svg.dataset.n.split(',').forEach(function(t){var p=t.split('*'),"
	"n=+(p[1]||1);while(n--)out.push(p[0])});svg.cells=out;var title=svg.querySelector('title');"
	"svg.setAttribute('aria-label',title.textContent);svg.setAttribute('role','img');title.remove()}return svg.cells}\n"
	"function tell(svg,i){var row=svg.closest('tr'),c=cells(svg),pages=BigInt(row.dataset.p),"
	"base=BigInt('0x'+row.dataset.a),at=function(k){return base+BigInt(k)*pages/BigInt(c.length)*4096n},"
	"parts=(c[i].match(/[a-z]\\d+/g)||[]).map(function(t){return t.slice(1)+' '+words[t[0]]});\n"
	"return at(i).toString(16)+' \\u2013 '+at(i+1).toString(16)+': '+(parts.join(', ')||'no pages')}\n"
	"document.addEventListener('mousemove',function(e){var svg=e.target.closest&&e.target.closest('svg[data-n]');"
	"if(!svg){tip.style.display='none';return}var box=svg.getBoundingClientRect(),c=cells(svg),"
	"i=Math.max(0,Math.min(c.length-1,Math.floor((e.clientX-box.left)/box.width*c.length)));"
	"tip.textContent=tell(svg,i);tip.style.display='block';"
	"tip.style.left=Math.min(e.clientX+12,innerWidth-tip.offsetWidth-8)+'px';"
	"tip.style.top=(e.clientY+(e.clientY+60>innerHeight?-tip.offsetHeight-12:16))+'px'})})();\n";

/* clang-format on */

#endif
