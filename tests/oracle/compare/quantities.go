package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Two quantities: their values, which is larger, their sum, and what is written of the first.
var quantities = kind{
	name:     "quantities",
	generate: func(random *rand.Rand) any { return quantityPair(random) },
	recorded: recordedQuantities,
	compare:  compareQuantities,
}

// Upstream takes minutes for an exponent of a few digits more, and cuts those beyond to 32 bits.
var largeExponent = regexp.MustCompile(`[eE][+-]?[0-9]{5,}`)

var suffixes = []string{"", "", "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti",
	"Pi", "Ei", "e0", "e3", "E3", "e+3", "e-3", "e-9", "e-10", "E-12", "e18", "E19", "e007", "e-60", "e75",
	"e1000", "e-1000"}

var badSuffixes = []string{"K", "mi", "ki", "KI", "Kib", "i", "e", "E+", "e-", "e1.5", "e+-1", "mm", "EE",
	"Ee3", "e3e", "kM", "g", "t", "b", "%", " Gi", "e99999999999999999999", "e3k"}

var edges = []string{"0", "1", "9223372036854775807", "9223372036854775808", "9223372036854775806",
	"9223372036854775807.000000001", "9223372036.854775807", "9223372036.854775808", "9007199254740991",
	"9007199254740992", "9007199254740991.9990234375", "8", "7.9999999999999999999", "0.000000001",
	"0.0000000001", "0.0000000009", "0.00000000099999", "1.0000000001", "999999999999", "1000000000000",
	"18446744073709551615", "18446744073709551616", "1.5", "0.5", ".5", "5.", ".", "", "00", "007", "0.0", "0.",
	".0", "1.2.3", "1..2", "0x10", "1_000", "1,5", "١"}

const quantityCharacters = " +-.eEinumkKMGTP0123456789,x\t"

func number(random *rand.Rand) string {
	const digits = "0123456789"
	switch random.IntN(9) {
	case 0, 1:
		return pick(random, edges...)
	case 2:
		return strings.Repeat("0", random.IntN(4)) + text(random, digits, 1+random.IntN(pick(random, 6, 12, 24)))
	case 3:
		return text(random, digits, random.IntN(22)) + "." + text(random, digits, random.IntN(14))
	case 4:
		return "0." + strings.Repeat("0", random.IntN(90)) + text(random, digits, random.IntN(10))
	case 5:
		return text(random, digits, 1+random.IntN(6)) + strings.Repeat("0", random.IntN(30))
	default:
		return fmt.Sprint(random.IntN(4096))
	}
}

func quantityText(random *rand.Rand) string {
	word := pick(random, "", "", "", "", "", "", "", "+", "-") + number(random)
	if oneIn(random, 12) {
		word += pick(random, badSuffixes...)
	} else {
		word += pick(random, suffixes...)
	}
	if oneIn(random, 12) {
		word = garble(random, word, quantityCharacters)
	}
	if oneIn(random, 30) {
		word = pick(random, " ", "\t", "\n", "\u00a0") + word + pick(random, "", " ", "\r\n")
	}
	return word
}

// As text, or as a bare number where it is one.
func quantityValue(random *rand.Rand, word string) any {
	if oneIn(random, 6) && strings.TrimSpace(word) == word && json.Valid([]byte(word)) {
		return json.Number(word)
	}
	return word
}

func quantityPair(random *rand.Rand) any {
	first := quantityText(random)
	second := quantityText(random)
	if largeExponent.MatchString(first) {
		return []any{first, second}
	}
	if quantity, err := resource.ParseQuantity(first); err == nil && oneIn(random, 2) {
		switch random.IntN(4) {
		case 0:
			second = quantity.String() // the canonical form
		case 1:
			quantity.Add(resource.MustParse(pick(random, "1n", "1", "1m", "1Ki"))) // as upstream adds
			second = quantity.String()
		case 2:
			second = first
		case 3:
			second = "0" + first
		}
	}
	return []any{quantityValue(random, first), quantityValue(random, second)}
}

// Is what this member holds a map of quantities?
func holdsQuantities(name string) bool {
	switch name {
	case "requests", "limits", "overhead", "allocatedResources":
		return true
	}
	return false
}

func recordedQuantities(object map[string]any) (out []any) {
	walk(object, func(name string, member any) {
		amounts, _ := member.(map[string]any)
		if !holdsQuantities(name) {
			return
		}
		for _, amount := range amounts {
			out = append(out, []any{amount, amount})
		}
	})
	return out
}

// What upstream makes of a quantity; nil where we must refuse it, by the name of a deviation or
// because upstream does.
func expectedQuantity(input json.RawMessage) (*resource.Quantity, string) {
	word, deviation := string(input), ""
	if json.Unmarshal(input, &word) == nil && bytes.ContainsRune(input, '\\') {
		deviation = "upstream takes the escapes of a JSON string as they are written; they are read"
	}
	quantity, err := resource.ParseQuantity(strings.TrimSpace(word))
	switch {
	case err != nil:
		return nil, ""
	case strings.Trim(word, " \t\r\n") != strings.TrimSpace(word):
		return nil, "upstream takes away white space outside ASCII, too; it is refused"
	case beyondCap(strings.TrimSpace(word)):
		return nil, "upstream caps what is above 2^63-1 in a binary unit; it is refused"
	case !hasNumber(strings.TrimSpace(word)):
		return nil, "upstream takes a suffix or sign without any digit for 0; it is refused"
	case quantity.Sign() < 0:
		return nil, "an amount below zero is one that can't be parsed"
	case !fits(exactValue(&quantity)):
		return nil, "an amount is two whole numbers of 64 bits; what needs more is refused"
	}
	return &quantity, deviation
}

// nil of nil
func exactValue(quantity *resource.Quantity) *big.Rat {
	if quantity == nil {
		return nil
	}
	copied := quantity.DeepCopy()
	decimal := copied.AsDec()
	value := new(big.Rat).SetInt(decimal.UnscaledBig())
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(abs(int64(decimal.Scale()))), nil)
	if decimal.Scale() < 0 {
		return value.Mul(value, new(big.Rat).SetInt(power))
	}
	return value.Quo(value, new(big.Rat).SetInt(power))
}

func abs(number int64) int64 {
	return max(number, -number)
}

func fits(value *big.Rat) bool {
	return value.Num().IsInt64() && value.Denom().IsInt64()
}

func hasNumber(word string) bool {
	word = strings.TrimLeft(word, "+-.")
	return word != "" && word[0] >= '0' && word[0] <= '9'
}

// beyondCap: larger than 2^63-1 before upstream caps it, as it does with Ki and the like alone.
func beyondCap(word string) bool {
	power := strings.Index("KMGTPE", strings.TrimLeft(strings.TrimSuffix(word, "i"), "+-.0123456789"))
	if !strings.HasSuffix(word, "i") || power < 0 {
		return false
	}
	value, ok := new(big.Rat).SetString(strings.TrimSuffix(word[:len(word)-2], "."))
	if !ok {
		return false
	}
	value.Mul(value, new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(10*(power+1)))))
	return value.Cmp(new(big.Rat).SetInt64(1<<63-1)) > 0
}

// "NUM/DEN", or nil.
func readAmount(text *string) *big.Rat {
	if text == nil {
		return nil
	}
	value, ok := new(big.Rat).SetString(*text)
	if !ok {
		panic("no amount: " + *text)
	}
	return value
}

func same(a, b *big.Rat) bool {
	return a == b || a != nil && b != nil && a.Cmp(b) == 0
}

func show(value *big.Rat) string {
	if value == nil {
		return "nothing"
	}
	return value.RatString()
}

func compareQuantities(input, answer []byte) finding {
	var pair []json.RawMessage
	var read struct {
		A, B, Sum   *string
		Order       int
		CPU, Memory string
	}
	if largeExponent.Match(input) {
		return meant("an exponent of more than four digits is not asked of upstream")
	}
	if json.Unmarshal(input, &pair) != nil || len(pair) != 2 || json.Unmarshal(answer, &read) != nil {
		return finding{}
	}
	a, reason := expectedQuantity(pair[0])
	b, other := expectedQuantity(pair[1])
	if expected, got := exactValue(a), readAmount(read.A); !same(expected, got) {
		return differs("value: expected %s, got %s", show(expected), show(got))
	}
	if expected, got := exactValue(b), readAmount(read.B); !same(expected, got) {
		return differs("value: expected %s, got %s", show(expected), show(got))
	}
	if reason == "" {
		reason = other
	}
	if a == nil || b == nil {
		return meant(reason)
	}
	if read.Order != a.Cmp(*b) {
		return differs("order: expected %d, got %d", a.Cmp(*b), read.Order)
	}
	for _, word := range []string{read.CPU, read.Memory} {
		if !isWritten(exactValue(a), word) {
			return differs("written: %s is written %q", show(exactValue(a)), word)
		}
	}
	a.Add(*b)
	expected, got := exactValue(a), readAmount(read.Sum)
	if !fits(expected) {
		expected = nil
	}
	if !same(expected, got) {
		return differs("sum: expected %s, got %s", show(expected), show(got))
	}
	return meant(reason)
}

// What is written for people is what upstream reads again; a mixed number where it needs too many
// digits.
func isWritten(value *big.Rat, word string) bool {
	again, err := resource.ParseQuantity(word)
	if err != nil {
		return strings.ContainsAny(word, " /") && !hasUnit(value)
	}
	return exactValue(&again).Cmp(value) == 0
}

// hasUnit: a whole number of 64 bits in ones, thousandths, millionths or billionths.
func hasUnit(value *big.Rat) bool {
	for _, parts := range []int64{1, 1e3, 1e6, 1e9} {
		count := new(big.Rat).Mul(value, new(big.Rat).SetInt64(parts))
		if count.IsInt() && count.Num().IsInt64() {
			return true
		}
	}
	return false
}
