package screen

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Table has a column of names and further columns. All rows have as many cells as the head.
type Table struct {
	Head []string
	Rows []Row
}

// Row is a name and a cell for each column.
type Row struct {
	Name  string
	Cells []Cell
	// title makes the row a heading within the table.
	title bool
}

// Cell is an observed value. Wrong cells are red.
type Cell struct {
	Text  string
	Wrong bool
}

// Add adds a row.
func (t *Table) Add(name string, texts ...string) {
	cells := make([]Cell, len(texts))
	for i, text := range texts {
		cells[i].Text = text
	}
	t.Rows = append(t.Rows, Row{Name: name, Cells: cells})
}

// Title adds a heading.
func (t *Table) Title(text string) { t.Rows = append(t.Rows, Row{Name: text, title: true}) }

const margin = 3 // left of a table

// long is the width above which cells are shortened first: identifiers of this length need not be readable in full.
const long = 30

// widths are the columns' widths: as wide as their content, if that fits. Otherwise the long cells are shortened first,
// then the gaps, then the widest columns.
func (t *Table) widths() (names int, cells []int, gap int) {
	for _, r := range t.Rows {
		if !r.title {
			names = max(names, utf8.RuneCountInString(r.Name))
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

func (t *Table) room(names, gap int) int { return width - margin - names - 2 - gap*(len(t.Head)-1) }

// content is the width of each column's widest cell, ignoring cells above a limit.
func (t *Table) content(limit int) []int {
	cells := make([]int, len(t.Head))
	for i, h := range t.Head {
		cells[i] = utf8.RuneCountInString(h)
		for _, r := range t.Rows {
			if r.title {
				continue
			}
			if n := utf8.RuneCountInString(r.Cells[i].Text); n <= limit {
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

// Table prints a table after an empty line.
func (s *Screen) Table(t Table) {
	names, cells, gap := t.widths()
	print := func(name string, texts []string) {
		between := strings.Repeat(" ", gap)
		line := s.in(cyan, name) + pad("", names+2-utf8.RuneCountInString(name)) + strings.Join(texts, between)
		s.Line(strings.Repeat(" ", margin) + strings.TrimRight(line, " "))
	}
	head := make([]string, len(t.Head))
	for i, h := range t.Head {
		head[i] = s.in(bold, pad(h, cells[i]))
	}
	s.Line("")
	print("", head)
	for _, r := range t.Rows {
		if r.title {
			s.Line(strings.TrimRight(strings.Repeat(" ", margin)+s.in(dim, r.Name), " "))
			continue
		}
		texts := make([]string, len(r.Cells))
		for i, c := range r.Cells {
			st := plain
			if c.Wrong {
				st = red
			}
			texts[i] = s.in(st, pad(Shorten(c.Text, cells[i]), cells[i]))
		}
		print(r.Name, texts)
	}
}

func pad(text string, to int) string {
	return text + strings.Repeat(" ", max(0, to-utf8.RuneCountInString(text)))
}

// Shorten removes the middle of a text: both ends of names and identifiers are more informative.
func Shorten(text string, to int) string {
	runes := []rune(text)
	if len(runes) <= to {
		return text
	}
	end := (to - 1) / 2
	return string(runes[:to-1-end]) + "…" + string(runes[len(runes)-end:])
}
