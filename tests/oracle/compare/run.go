package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"sync"
	"time"
)

const (
	batchSize = 2000
	shown     = 5 // differences of a kind that are told
)

type difference struct {
	input, answer []byte
	text          string
}

type result struct {
	generated, recorded, different int
	deviations                     map[string]int
	differences                    []difference
	broken                         error
}

// ask gives each input to the program, a line each.
func ask(kind kind, inputs [][]byte, options options) ([][]byte, error) {
	words := []string{cmp.Or(kind.reading, kind.name)}
	if kind.policies != "" {
		words = append(words, kind.policies)
	}
	command := exec.Command(options.reading, words...)
	command.Stdin = bytes.NewReader(append(bytes.Join(inputs, []byte("\n")), '\n'))
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", options.reading, err)
	}
	answers := bytes.Split(bytes.TrimSuffix(output, []byte("\n")), []byte("\n"))
	if len(answers) != len(inputs) {
		return nil, fmt.Errorf("%s: %d answers to %d inputs", options.reading, len(answers), len(inputs))
	}
	return answers, nil
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return text
}

// Whatever else is generated and however many processors there are, a batch has the same inputs.
func generate(kind kind, batch, count int, seed uint64) [][]byte {
	hash := fnv.New64()
	fmt.Fprintf(hash, "%s %d", kind.name, batch)
	random := rand.New(rand.NewPCG(seed, hash.Sum64()))
	inputs := make([][]byte, count)
	for i := range inputs {
		inputs[i] = encode(kind.generate(random))
	}
	return inputs
}

func readRecorded(kind kind, options options) (inputs [][]byte, err error) {
	if kind.recorded == nil {
		return nil, nil
	}
	paths, _ := filepath.Glob(filepath.Join(options.reviews, "*.json"))
	for _, path := range paths {
		var review struct {
			Request map[string]any `json:"request"`
		}
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &review)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, member := range []string{"object", "oldObject"} {
			if object, ok := review.Request[member].(map[string]any); ok {
				for _, input := range kind.recorded(object) {
					inputs = append(inputs, encode(input))
				}
			}
		}
	}
	return inputs, nil
}

// judge asks, and compares each answer; then what comes of those that agree.
func judge(kind kind, inputs [][]byte, options options) (found []finding, answers [][]byte, err error) {
	answers, err = ask(kind, inputs, options)
	if err != nil {
		return nil, nil, err
	}
	var seconds [][]byte
	var compares []func(answer []byte) finding
	var places []int
	found = make([]finding, len(inputs))
	for i, input := range inputs {
		found[i] = kind.compare(input, answers[i])
		if kind.again == nil || found[i].difference != "" {
			continue
		}
		if second, compare := kind.again(input, answers[i]); second != nil {
			seconds, compares, places = append(seconds, second), append(compares, compare), append(places, i)
		}
	}
	if len(seconds) == 0 {
		return found, answers, nil
	}
	secondAnswers, err := ask(kind, seconds, options)
	if err != nil {
		return nil, nil, err
	}
	for i, compare := range compares {
		if told := compare(secondAnswers[i]); told.difference != "" {
			found[places[i]] = told
		}
	}
	return found, answers, nil
}

func (result *result) add(kind kind, inputs [][]byte, options options) {
	found, answers, err := judge(kind, inputs, options)
	if err != nil {
		result.broken = err
		return
	}
	for i, input := range inputs {
		if found[i].deviation != "" {
			result.deviations[found[i].deviation]++
		}
		if found[i].difference == "" {
			continue
		}
		result.different++
		if len(result.differences) < shown {
			result.differences = append(result.differences, difference{input, answers[i], found[i].difference})
		}
	}
}

func run(kind kind, options options) result {
	total := result{deviations: map[string]int{}}
	recorded, err := readRecorded(kind, options)
	if err != nil {
		total.broken = err
		return total
	}
	total.recorded = len(recorded)
	if len(recorded) > 0 {
		total.add(kind, recorded, options)
	}
	options.count /= max(kind.share, 1)
	batches := make([]result, (options.count+batchSize-1)/batchSize)
	var group sync.WaitGroup
	next := make(chan int)
	for range runtime.NumCPU() {
		group.Go(func() {
			for i := range next {
				count := min(batchSize, options.count-i*batchSize)
				batches[i] = result{deviations: map[string]int{}, generated: count}
				batches[i].add(kind, generate(kind, i, count, options.seed), options)
			}
		})
	}
	for i := range batches {
		next <- i
	}
	close(next)
	group.Wait()
	for i := range batches {
		total.merge(batches[i])
	}
	for i := range total.differences {
		total.differences[i] = shrink(kind, total.differences[i], options)
	}
	return total
}

func (result *result) merge(other result) {
	result.generated += other.generated
	result.different += other.different
	for name, count := range other.deviations {
		result.deviations[name] += count
	}
	for _, difference := range other.differences {
		if len(result.differences) < shown {
			result.differences = append(result.differences, difference)
		}
	}
	if result.broken == nil {
		result.broken = other.broken
	}
}

// report prints what came out; true where all agreed.
func (result *result) report(name string, options options, took time.Duration) bool {
	isSound := result.broken == nil && result.different == 0 && result.generated+result.recorded > 0
	word := "ok"
	if !isSound {
		word = "not ok"
	}
	fmt.Printf("%s %s: %d recorded, %d generated from seed %d, %d differ (%.0f s)\n", word, name,
		result.recorded, result.generated, options.seed, result.different, took.Seconds())
	if result.broken != nil {
		fmt.Printf("    %v\n", result.broken)
	}
	for _, difference := range result.differences {
		fmt.Printf("    %s\n        input:  %s\n        answer: %.2000s\n", difference.text, difference.input,
			difference.answer)
	}
	names := make([]string, 0, len(result.deviations))
	for name := range result.deviations {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Printf("    meant: %s (%d)\n", name, result.deviations[name])
	}
	return isSound
}
