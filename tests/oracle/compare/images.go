package main

import (
	_ "crypto/sha256" // a digest of an algorithm that isn't linked would be refused
	_ "crypto/sha512"
	"encoding/json"
	"math/rand/v2"
	"strings"

	"github.com/distribution/reference"
)

// A reference to a container image.
var images = kind{
	name:     "images",
	generate: func(random *rand.Rand) any { return imageReference(random) },
	recorded: recordedImages,
	compare:  compareImages,
}

const (
	lower      = "abcdefghijklmnopqrstuvwxyz0123456789"
	hexDigits  = "0123456789abcdef"
	imageBytes = "aZ9._-/:@[]%+~ \té"
	longName   = 255
	longHost   = 253 + 6 // what DNS allows, and a port
)

var hosts = []string{"", "", "", "docker.io", "index.docker.io", "Docker.IO", "INDEX.docker.io", "registry-1.docker.io",
	"localhost", "LocalHost", "localhost:5000", "example.com", "Example.COM:443", "gcr.io", "a_b.c", "foo", "Foo",
	"foo:5000", "10.0.0.1:80", "[::1]", "[2001:DB8::1]:5000", "[::ffff:1.2.3.4]", "[]", "[::1", "example.com:",
	"example.com:port", "-a.com", "a-.com", "a..com", ".com", "com.", "a.b-c.d", "example.com:123456789", "x:1:2",
	"exa mple.com", "xn--bcher-kva.example", "bücher.example", "a.b:0"}

var paths = []string{"nginx", "library/nginx", "a/b/c/d", "a.b", "a__b", "a___b", "a._b", "a-b", "a--b", "a-", "-a",
	"a.", "a..b", "a_b", "a_-b", "a/-b", "Nginx", "library/Nginx", "a//b", "a/", "/a", "", "a b", "ngıx", "a/b.c",
	"0", "_", "library/", "library/library/x", "a/B"}

var tags = []string{"", "", "", "", ":latest", ":1.2.3", ":", ":_x", ":.x", ":-x", ":A", ":a:b", ":5000/x", ":x/y", ":é",
	":a b", ": "}

func digest(random *rand.Rand) string {
	algorithm := pick(random, "sha256", "sha256", "sha256", "sha384", "sha512", "sha1", "md5", "SHA256", "sha256+b64",
		"", "a.b", "sha-256", "blake3")
	length := pick(random, 64, 64, 64, 96, 128, 32, 31, 63, 65, 0, 40)
	characters := pick(random, hexDigits, hexDigits, hexDigits, hexDigits, "0123456789ABCDEF", "xyz")
	return pick(random, "@", "@", "@", "@", "@@", ":") + algorithm + pick(random, ":", ":", ":", ":", "") +
		text(random, characters, length)
}

func imagePath(random *rand.Rand) string {
	switch random.IntN(6) {
	case 0:
		word := text(random, lower, 1+random.IntN(8))
		for range random.IntN(4) {
			word += pick(random, "/", ".", "_", "__", "-", "---", "/", "..", "___") + text(random, lower, 1+random.IntN(8))
		}
		return word
	case 1: // about as long as can be
		word := text(random, lower, longName-12+random.IntN(16))
		return pick(random, "", "a/", "library/") + word
	case 2:
		return text(random, hexDigits, pick(random, 63, 64, 65))
	default:
		return pick(random, paths...)
	}
}

func imageHost(random *rand.Rand) string {
	if oneIn(random, 40) {
		label := text(random, lower, 1+random.IntN(60)) + "."
		return strings.Repeat(label, 1+random.IntN(300/len(label))) + "com"
	}
	return pick(random, hosts...)
}

func imageReference(random *rand.Rand) string {
	word := imageHost(random)
	if word != "" || oneIn(random, 20) {
		word += "/"
	}
	word += imagePath(random)
	if oneIn(random, 30) {
		word += ":" + text(random, lower, 125+random.IntN(6))
	} else {
		word += pick(random, tags...)
	}
	if oneIn(random, 4) {
		word += digest(random)
	}
	if oneIn(random, 8) {
		word = garble(random, word, imageBytes)
	}
	return strings.ToValidUTF8(word, "?")
}

func recordedImages(object map[string]any) (out []any) {
	walk(object, func(name string, member any) {
		if name == "image" {
			out = append(out, member)
		}
	})
	return out
}

type image struct{ Name, Host, Path, Tag, Digest string }

// What upstream makes of it, and by which of our deviations we make something else of it; nil: it
// is refused.
func expectedImage(word string) (*image, string) {
	named, err := reference.ParseNormalizedNamed(word)
	if err != nil {
		return nil, ""
	}
	out := image{Host: reference.Domain(named), Path: reference.Path(named)}
	if tagged, ok := named.(reference.Tagged); ok {
		out.Tag = tagged.Tag()
	}
	if digested, ok := named.(reference.Digested); ok {
		out.Digest = digested.Digest().String()
	}
	if out.Tag == "" && out.Digest == "" {
		out.Tag = "latest"
	}
	deviation := ""
	switch host := strings.ToLower(out.Host); {
	case out.Host == "":
		return nil, "upstream gives a reference without a host where the first part is none; it is refused"
	case len(out.Host) > longHost:
		return nil, "a host longer than DNS allows is refused"
	case host != out.Host:
		deviation = "a host is put in lower case before it is normalised"
		out.Host = host
		if host == "index.docker.io" {
			out.Host = "docker.io"
		}
		if out.Host == "docker.io" && !strings.Contains(out.Path, "/") {
			out.Path = "library/" + out.Path
		}
		if len(out.Path) > longName {
			return nil, deviation
		}
	}
	out.Name = out.Host + "/" + out.Path
	return &out, deviation
}

func compareImages(input, answer []byte) finding {
	var word string
	var got *image
	if json.Unmarshal(input, &word) != nil || json.Unmarshal(answer, &got) != nil {
		return finding{}
	}
	expected, deviation := expectedImage(word)
	switch {
	case expected == nil && got == nil:
		return meant(deviation)
	case expected == nil:
		return differs("accepted: upstream refuses it")
	case got == nil:
		return differs("refused: upstream reads %+v", *expected)
	case *expected != *got:
		return differs("parts: expected %+v, got %+v", *expected, *got)
	}
	return meant(deviation)
}
