package profiles

import (
	"fmt"
	"slices"
	"strings"
)

// maxWord is the length of the longest word that Nearest compares. Words come from annotations, which can be
// large; no name here is longer than a DNS label.
const maxWord = 63

// Nearest returns the candidate that word is probably a typo of: the one with the fewest insertions,
// deletions, replacements and swaps of neighbouring letters, ignoring case. It returns false if every
// candidate differs too much: by more than one letter for words of up to three letters, two for up to
// six, three for longer ones. Among equals, the alphabetically first wins.
func Nearest(word string, candidates []string) (string, bool) {
	if word == "" || len(word) > maxWord {
		return "", false
	}
	limit := min((len(word)+2)/3, 3)
	best, found := "", false
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		if len(candidate) > len(word)+limit || len(candidate) < len(word)-limit || candidate == "" {
			continue
		}
		if d := distance(strings.ToLower(word), strings.ToLower(candidate)); d < limit || d == limit && !found {
			// After this one, only nearer candidates count.
			best, found, limit = candidate, true, d
		}
	}
	return best, found
}

// distance is the optimal string alignment distance of two words, in bytes.
func distance(a, b string) int {
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		current[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current[j+1] = min(previous[j+1]+1, current[j]+1, previous[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				current[j+1] = min(current[j+1], before[j-1]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}

// DidYouMean returns the end of a message about an unknown word: a suggestion, or nothing if no candidate is near.
func DidYouMean(word string, candidates []string) string {
	near, _ := Nearest(word, candidates)
	return Suggest(near)
}

// Suggest returns the end of a message that suggests a word; nothing if the word is empty.
func Suggest(word string) string {
	if word == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", word)
}
