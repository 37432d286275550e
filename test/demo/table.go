package main

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// table is a column of names and one for each cloud. All rows have as many cells as the head.
type table struct {
	head []string
	rows []row
}

type row struct {
	name  string
	cells []cell
	// title makes the row a heading within the table.
	title bool
}

type cell struct {
	text  string
	wrong bool
}

func (t *table) row(name string, texts ...string) {
	cells := make([]cell, len(texts))
	for i, text := range texts {
		cells[i].text = text
	}
	t.rows = append(t.rows, row{name: name, cells: cells})
}

func (t *table) title(text string) { t.rows = append(t.rows, row{name: text, title: true}) }

const margin = 3 // of a table, at the left

// long is a cell that is shortened before any other: an identifier that nobody reads to its end.
const long = 30

// widths are those of the columns: as wide as their content, if that fits. If not, first the long
// cells give way, then the gaps, then the widest columns.
func (t *table) widths() (names int, cells []int, gap int) {
	for _, r := range t.rows {
		if !r.title {
			names = max(names, utf8.RuneCountInString(r.name))
		}
	}
	whole := t.content(width)
	for _, try := range []struct{ limit, gap int }{{width, 2}, {long, 2}, {long, 1}} {
		cells, gap = t.content(try.limit), try.gap
		if room := t.room(names, gap) - sum(cells); room >= 0 {
			for i := range cells {
				more := min(room, whole[i]-cells[i])
				cells[i] += more
				room -= more
			}
			return names, cells, gap
		}
	}
	for over := sum(cells) - t.room(names, gap); over > 0; over-- {
		cells[slices.Index(cells, slices.Max(cells))]--
	}
	return names, cells, gap
}

func (t *table) room(names, gap int) int { return width - margin - names - 2 - gap*(len(t.head)-1) }

// content is the width of each column's widest cell among those within a limit.
func (t *table) content(limit int) []int {
	cells := make([]int, len(t.head))
	for i, h := range t.head {
		cells[i] = utf8.RuneCountInString(h)
		for _, r := range t.rows {
			if r.title {
				continue
			}
			if n := utf8.RuneCountInString(r.cells[i].text); n <= limit {
				cells[i] = max(cells[i], n)
			}
		}
	}
	return cells
}

func sum(numbers []int) int {
	total := 0
	for _, n := range numbers {
		total += n
	}
	return total
}

// table prints a table after an empty line.
func (s *screen) table(t table) {
	names, cells, gap := t.widths()
	print := func(name string, texts []string) {
		between := strings.Repeat(" ", gap)
		line := s.in(cyan, name) + pad("", names+2-utf8.RuneCountInString(name)) + strings.Join(texts, between)
		s.line(strings.Repeat(" ", margin) + strings.TrimRight(line, " "))
	}
	head := make([]string, len(t.head))
	for i, h := range t.head {
		head[i] = s.in(bold, pad(h, cells[i]))
	}
	s.line("")
	print("", head)
	for _, r := range t.rows {
		if r.title {
			s.line(strings.TrimRight(strings.Repeat(" ", margin)+s.in(dim, r.name), " "))
			continue
		}
		texts := make([]string, len(r.cells))
		for i, c := range r.cells {
			st := plain
			if c.wrong {
				st = red
			}
			texts[i] = s.in(st, pad(shorten(c.text, cells[i]), cells[i]))
		}
		print(r.name, texts)
	}
}

func pad(text string, to int) string {
	return text + strings.Repeat(" ", max(0, to-utf8.RuneCountInString(text)))
}

// shorten takes the middle out of a text: in names and identifiers, both ends tell more.
func shorten(text string, to int) string {
	runes := []rune(text)
	if len(runes) <= to {
		return text
	}
	end := (to - 1) / 2
	return string(runes[:to-1-end]) + "…" + string(runes[len(runes)-end:])
}
