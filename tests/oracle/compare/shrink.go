package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"time"
)

const shrinkTime = 10 * time.Second

// shrink looks for a smaller input of which the same difference is told, up to its figures.
func shrink(kind kind, found difference, options options) difference {
	for started := time.Now(); time.Since(started) < shrinkTime; {
		var value any
		decoder := json.NewDecoder(bytes.NewReader(found.input))
		decoder.UseNumber()
		if decoder.Decode(&value) != nil {
			return found
		}
		candidates := smaller(value)
		if len(candidates) == 0 {
			return found
		}
		inputs := make([][]byte, len(candidates))
		for i := range candidates {
			inputs[i] = encode(candidates[i])
		}
		told, answers, err := judge(kind, inputs, options)
		if err != nil {
			return found
		}
		i := slices.IndexFunc(told, func(each finding) bool {
			return each.difference != "" && sameDifference(each.difference, found.text)
		})
		if i < 0 {
			return found
		}
		found = difference{inputs[i], answers[i], told[i].difference}
	}
	return found
}

// A difference says in its words before the first colon what it is.
func sameDifference(a, b string) bool {
	head := func(text string) string {
		before, _, _ := bytes.Cut([]byte(text), []byte(":"))
		return string(before)
	}
	return head(a) == head(b)
}

// smaller gives every value that is one step smaller: a member or an element less, a shorter text.
func smaller(value any) (out []any) {
	switch value := value.(type) {
	case map[string]any:
		keys := slices.Collect(maps.Keys(value))
		sort.Strings(keys)
		for _, key := range keys {
			without := maps.Clone(value)
			delete(without, key)
			out = append(out, without)
		}
		for _, key := range keys {
			for _, child := range smaller(value[key]) {
				with := maps.Clone(value)
				with[key] = child
				out = append(out, with)
			}
		}
	case []any:
		for i := range value {
			out = append(out, slices.Delete(slices.Clone(value), i, i+1))
		}
		for i := range value {
			for _, child := range smaller(value[i]) {
				with := slices.Clone(value)
				with[i] = child
				out = append(out, with)
			}
		}
	case string:
		runes := []rune(value)
		if len(runes) > 16 {
			out = append(out, string(runes[:len(runes)/2]), string(runes[len(runes)/2:]))
		}
		for i := range runes {
			out = append(out, string(runes[:i])+string(runes[i+1:]))
		}
	}
	return out
}
