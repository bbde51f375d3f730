// What answers to the reader on a page: tables that are sorted, filtered and saved, folded calls that links open, charts and
// turns whose parts say their values under the mouse and under the keyboard. Without it the page can be read all the same.
"use strict"
{
const all = (selector, within = document) => [...within.querySelectorAll(selector)]
const make = (name, properties, ...children) => {
	const element = Object.assign(document.createElement(name), properties)
	element.append(...children)
	return element
}

// The tip says in words what the pointer or the focus is on. A screen reader reads out the focus itself.
const tip = make("div", {id: "tip", ariaHidden: "true"})
document.body.append(tip)
const say = (text, at) => {
	tip.textContent = text
	if (!text) return
	const box = at.getBoundingClientRect(), own = tip.getBoundingClientRect()
	tip.style.left = Math.max(4, Math.min(box.left + box.width / 2 - own.width / 2, innerWidth - own.width - 4)) + "px"
	tip.style.top = (box.top > own.height + 8 ? box.top - own.height - 6 : box.bottom + 6) + "px"
}
const told = ".mark, .turns b"
const words = element => element.getAttribute("aria-label") ?? element.textContent.trim() + ": " + element.title
for (const [event, shown] of [["pointerover", true], ["focusin", true], ["pointerout", false], ["focusout", false]])
	document.addEventListener(event, e => {
		const element = e.target.closest?.(told)
		say(element && shown ? words(element) : "", element)
	})
// The focus may have scrolled the page, and its tip goes along; that of the pointer ends.
document.addEventListener("scroll", () => {
	const focus = document.activeElement
	say(focus.matches(told) ? words(focus) : "", focus)
}, {capture: true, passive: true})

// One stop of the tab key leads to a group, arrow keys from one of its parts to the next.
const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}
const rove = (group, parts) => {
	const enter = part => {
		for (const other of parts) other.setAttribute("tabindex", other === part ? 0 : -1)
	}
	if (parts.length) enter(parts[0])
	group.addEventListener("focusin", e => parts.includes(e.target) && enter(e.target))
	group.addEventListener("keydown", e => {
		const at = parts.indexOf(e.target)
		const to = e.key === "Home" ? 0 : e.key === "End" ? parts.length - 1 : at + step[e.key]
		if (at < 0 || !parts[to]) return
		e.preventDefault()
		parts[to].focus()
	})
}
for (const chart of all("svg[role=group]")) rove(chart, all(".mark", chart))

// Words are made ready when their call is opened: there may be very many.
const ready = table => {
	if (table.dataset.ready) return
	table.dataset.ready = true
	rove(table, all("b", table))
}
const opened = call => all(".turns", call).forEach(ready)
all(".turns").filter(table => !table.closest("details")).forEach(ready)
document.addEventListener("toggle", e => e.target.open && opened(e.target), true)

// Contributions are in points of probability, and in log-odds on request: a cell that has its own, and those of transcripts.
const calls = all(".turns[data-points]"), cells = all("[data-log-odds]")
if (calls.length || cells.length) {
	const box = make("input", {type: "checkbox"})
	const logOdds = (text, points) => {
		const value = Number(text.replace("−", "-")) / points, size = Math.abs(value).toFixed(2)
		return (Number(size) === 0 ? "" : value < 0 ? "−" : "+") + size
	}
	box.addEventListener("change", () => {
		document.body.classList.toggle("log-odds", box.checked)
		for (const cell of cells) {
			const text = cell.querySelector("button") ?? cell // a head that sorts
			text.points ??= text.textContent
			text.textContent = box.checked ? cell.dataset.logOdds : text.points
		}
		for (const table of calls) {
			all("th", table)[1].textContent = box.checked ? "log-odds" : "points"
			for (const [part, get, set] of [
				...all("td:nth-child(2)", table).map(cell => [cell, () => cell.textContent, v => cell.textContent = v]),
				...all("b", table).map(word => [word, () => word.title, v => word.title = v]),
			]) {
				part.points ??= get()
				if (part.points) set(box.checked ? logOdds(part.points, table.dataset.points) : part.points)
			}
		}
	})
	const first = document.querySelector(".turns[data-points], [data-log-odds]").closest("section")
	first.insertBefore(make("p", {className: "tools"}, make("label", {}, box, " contributions in log-odds instead of points")), first.querySelector("details.call, .key, .turns, .table"))
}

// Tables with a name are sorted by their heads, filtered, shown a hundred rows at a time, and saved.
const number = text => {
	const found = /^[<≥~ ]*([+−-]?[\d.,]+)/.exec(text)
	return found ? Number(found[1].replace("−", "-").replaceAll(",", "")) : NaN
}
const compare = (a, b) => {
	const x = number(a), y = number(b)
	return isNaN(x) || isNaN(y) ? a.localeCompare(b, undefined, {numeric: true}) : x - y
}
// A search is for words and "whole cells", all of which a row must have.
const matches = search => {
	const wanted = [...search.toLowerCase().matchAll(/"([^"]*)"|[^\s"]+/g)].map(m => [m[1], m[0]])
	return row => wanted.every(([cell, word]) => cell === undefined ? row.text.includes(word) : row.cells.some(c => c.toLowerCase() === cell))
}
const quote = cell => {
	if (/^[+−-]?[\d.,]+%?$/.test(cell)) cell = cell.replace("−", "-")
	else if (/^[=+@\t\r-]/.test(cell)) cell = "'" + cell // no formula in a spreadsheet
	return /[",\r\n]/.test(cell) ? '"' + cell.replaceAll('"', '""') + '"' : cell
}
const finds = new Map() // the filter of each table, by name
for (const figure of all(".table[id]")) {
	const heads = all("th", figure), body = figure.querySelector("tbody"), columns = heads.map(h => h.textContent)
	let rows = [...body.rows].map(row => {
		const cells = [...row.cells].map(cell => cell.textContent.trim())
		return {row, cells, text: cells.join(" ").toLowerCase()}
	})
	let shown = 100, found = rows
	const filter = make("input", {type: "search", placeholder: "words, or \"a whole cell\""})
	const count = make("span", {role: "status"})
	const more = make("button", {type: "button", className: "more"})
	const show = () => {
		const fits = matches(filter.value)
		found = rows.filter(fits)
		for (const {row} of rows) row.hidden = true
		for (const {row} of found.slice(0, shown)) row.hidden = false
		count.textContent = found.length + " of " + rows.length
		more.hidden = found.length <= shown
		more.textContent = "show " + Math.min(100, found.length - shown) + " more"
	}
	filter.addEventListener("input", show)
	more.addEventListener("click", () => { shown += 100; show() })
	const save = make("button", {type: "button", textContent: "save as CSV"})
	save.addEventListener("click", () => {
		const text = [columns, ...found.map(row => row.cells)].map(cells => cells.map(quote).join(",")).join("\r\n") + "\r\n"
		const link = make("a", {href: URL.createObjectURL(new Blob(["\ufeff", text], {type: "text/csv"})), download: figure.dataset.file})
		link.click()
		setTimeout(() => URL.revokeObjectURL(link.href), 60000)
	})
	heads.forEach((head, j) => {
		const button = make("button", {type: "button", textContent: columns[j]})
		head.replaceChildren(button)
		button.addEventListener("click", () => {
			const first = head.classList.contains("number") ? "descending" : "ascending"
			const way = head.ariaSort === first ? {ascending: "descending", descending: "ascending"}[first] : first
			for (const other of heads) other.removeAttribute("aria-sort")
			head.setAttribute("aria-sort", way)
			rows = rows.map((r, i) => [r, i]).sort(([a, i], [b, j2]) => (way === "ascending" ? 1 : -1) * compare(a.cells[j], b.cells[j]) || i - j2).map(([r]) => r)
			body.append(...rows.map(r => r.row))
			show()
		})
	})
	figure.insertBefore(make("div", {className: "tools"}, make("label", {}, "filter ", filter), count, save), figure.querySelector(".scroll"))
	figure.append(more)
	finds.set(figure.id, text => { filter.value = text; show(); figure.scrollIntoView() })
	show()
}

// A link leads to a folded call, #call-3, which it opens, or to a table and what to find there, #calls="Dana".
const follow = () => {
	const [, name, text] = /^#([^=]*)=?(.*)$/.exec(location.hash) ?? []
	if (finds.has(name)) return finds.get(name)(decodeURIComponent(text))
	const target = name && document.getElementById(name)
	if (!target) return
	for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true
	target.scrollIntoView()
	target.querySelector("summary")?.focus({preventScroll: true})
}
addEventListener("hashchange", follow)
document.addEventListener("click", e => e.target.closest?.("a[href^='#']")?.getAttribute("href") === location.hash && follow())
follow()
}
