// The oracle holds what fairgate reads against what Kubernetes' own libraries read: recorded and
// generated inputs of each kind go to reading.c, line by line, and each answer is compared. A
// difference that is meant has a name here, and is as narrow as it can be.
//
// Ends with the line `N passed, N failed`, one a kind; exit 1 where anything differs.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"
)

// What is compared.
type kind struct {
	name     string
	generate func(random *rand.Rand) any
	recorded func(object map[string]any) []any // from the object of a recorded review; may be nil
	compare  func(input, answer []byte) finding

	reading  string // what reading.c calls it; empty: as here
	policies string // the policy set, where it needs one
	share    int    // only one in so many is generated; 0: all

	// A second input that comes of the first, and what is compared of its answer; may be nil.
	again func(input, answer []byte) ([]byte, func(answer []byte) finding)
}

// What one comparison found.
type finding struct {
	difference string // empty: there is none
	deviation  string // the name of one that is meant; empty: both read the same
}

func differs(format string, args ...any) finding {
	return finding{difference: fmt.Sprintf(format, args...)}
}

func meant(name string) finding {
	return finding{deviation: name}
}

var kinds = []kind{quantities, requests, selectors, affinity, images, patches, samplePatches}

type options struct {
	reading, reviews string
	count            int
	seed             uint64
}

func main() {
	var options options
	word := ""
	flag.StringVar(&options.reading, "reading", "", "the program that reads as fairgate does")
	flag.StringVar(&options.reviews, "reviews", "", "the folder of recorded reviews")
	flag.IntVar(&options.count, "count", 100000, "how many inputs are generated, a kind; of the sample set's patches a fifth")
	flag.Uint64Var(&options.seed, "seed", 1, "what they are generated from")
	flag.StringVar(&word, "case", "", "only kinds with this in their name")
	flag.Parse()

	passed, failed := 0, 0
	for _, kind := range kinds {
		if !strings.Contains(kind.name, word) {
			continue
		}
		started := time.Now()
		result := run(kind, options)
		if result.report(kind.name, options, time.Since(started)) {
			passed++
		} else {
			failed++
		}
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}
