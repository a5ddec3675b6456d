package main

import (
	"math/rand/v2"
	"strings"
)

// pick gives one of them.
func pick[T any](random *rand.Rand, items ...T) T {
	return items[random.IntN(len(items))]
}

// once in so many times
func oneIn(random *rand.Rand, n int) bool {
	return random.IntN(n) == 0
}

// text has so many characters of those given.
func text(random *rand.Rand, characters string, length int) string {
	var out strings.Builder
	for range length {
		out.WriteByte(characters[random.IntN(len(characters))])
	}
	return out.String()
}

// garble changes, adds or removes a character.
func garble(random *rand.Rand, word, characters string) string {
	at := random.IntN(len(word) + 1)
	rest := word[at:]
	if len(rest) > 0 && oneIn(random, 2) {
		rest = rest[1:]
	}
	if oneIn(random, 4) {
		return word[:at] + rest
	}
	return word[:at] + text(random, characters, 1) + rest
}
