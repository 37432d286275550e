package fleet

import "fmt"

// Count returns a number with its noun in the right form: "1 pod", "2 pods".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Verb returns the singular or the plural form, depending on the number.
func Verb(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}
