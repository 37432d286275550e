package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ticks returns about n round numbers, at most, from 0 to limit or just above: 1, 2 or 5 times a power of
// ten apart.
func ticks(limit float64, n int) []float64 {
	if !(limit > 0) || math.IsInf(limit, 0) {
		return []float64{0, 1}
	}
	step := roundUp(limit / float64(n))
	values := []float64{0}
	for i := 1; values[len(values)-1] < limit; i++ {
		values = append(values, float64(i)*step)
	}
	return values
}

// roundUp returns the next number that is 1, 2 or 5 times a power of ten.
func roundUp(value float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(value)))
	for _, factor := range []float64{1, 2, 5} {
		if value <= factor*power*(1+1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// secondTicks divides a time span at round numbers of seconds or minutes.
func secondTicks(limit float64, n int) []float64 {
	step := roundUp(math.Max(limit, 1) / float64(n))
	for _, whole := range []float64{10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600} {
		if step >= 10 && limit/whole <= float64(n) {
			step = whole
			break
		}
	}
	var values []float64
	for i := 0; float64(i)*step <= limit; i++ {
		values = append(values, float64(i)*step)
	}
	return values
}

// quantity formats a number with three significant digits: 950, 1.2 k, 3.4 M.
func quantity(value float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if value >= 10*unit.size || (value >= unit.size && unit.size > 1e3) {
			return digits(value/unit.size) + unit.name
		}
	}
	return thousands(digits(value))
}

// amount formats a quantity; bytes have their own units.
func amount(value float64, unit string) string {
	if unit != "bytes" {
		return quantity(value)
	}
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, " GB"}, {1e6, " MB"}, {1e3, " kB"}} {
		if value >= u.size {
			return digits(value/u.size) + u.name
		}
	}
	return digits(value) + " B"
}

func digits(value float64) string {
	switch {
	case value >= 100 || value == math.Trunc(value):
		return strconv.FormatFloat(value, 'f', 0, 64)
	case value >= 10:
		return strings.TrimSuffix(strconv.FormatFloat(value, 'f', 1, 64), ".0")
	default:
		return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(value, 'f', 2, 64), "0"), ".")
	}
}

func thousands(number string) string {
	whole, fraction, _ := strings.Cut(number, ".")
	if len(whole) > 3 {
		whole = whole[:len(whole)-3] + "," + whole[len(whole)-3:]
	}
	if fraction != "" {
		return whole + "." + fraction
	}
	return whole
}

// length formats a duration in the unit that suits its size.
func length(d time.Duration) string {
	switch {
	case d == 0:
		return "0"
	case d < time.Millisecond:
		return digits(float64(d)/float64(time.Microsecond)) + " µs"
	case d < time.Second:
		return digits(float64(d)/float64(time.Millisecond)) + " ms"
	case d < time.Minute:
		return digits(d.Seconds()) + " s"
	default:
		d = d.Round(time.Second)
		return strconv.Itoa(int(d/time.Minute)) + " min " + strconv.Itoa(int(d%time.Minute/time.Second)) + " s"
	}
}

// clock formats seconds since the start, as minutes and seconds if the whole lasts minutes.
func clock(seconds, whole float64) string {
	if whole < 60 {
		return digits(seconds) + " s"
	}
	return fmt.Sprintf("%d:%02d", int(seconds)/60, int(seconds)%60)
}
