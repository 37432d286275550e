package terminal

import (
	"strings"
	"unicode/utf8"
)

// Cell is one cell of a table.
type Cell struct {
	Text string
	Tone Tone
}

// Row returns a row of plain cells.
func Row(texts ...string) []Cell {
	row := make([]Cell, len(texts))
	for i, text := range texts {
		row[i].Text = text
	}
	return row
}

// gap is the number of spaces between columns.
const gap = 2

// Table lays out rows in columns, each as wide as its widest cell. The last column is wrapped if the terminal
// is too narrow. The first row is the header.
func (t Terminal) Table(rows ...[]Cell) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell.Text))
		}
	}
	var b strings.Builder
	for at, row := range rows {
		for len(row) > 0 && row[len(row)-1].Text == "" {
			row = row[:len(row)-1]
		}
		column := 0
		for i, cell := range row {
			if at == 0 && cell.Tone == Plain {
				cell.Tone = Faint
			}
			if i == len(row)-1 {
				b.WriteString(t.Paint(cell.Tone, t.Wrap(column, cell.Text)))
				continue
			}
			b.WriteString(t.Paint(cell.Tone, cell.Text))
			pad := widths[i] + gap
			b.WriteString(strings.Repeat(" ", pad-utf8.RuneCountInString(cell.Text)))
			column += pad
		}
		b.WriteByte('\n')
	}
	return b.String()
}
