// The least that a webhook in Go does: it reads a review's uid and says yes, over HTTP/1.1 as behind a Service.
//
//	yes CERT KEY   listens on a free port of loopback, which it prints; GET /calls tells how many reviews there were
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync/atomic"
)

type review struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type request struct {
	UID string `json:"uid"`
}

type response struct {
	UID     string `json:"uid"`
	Allowed bool   `json:"allowed"`
}

var calls atomic.Int64

func answer(writer http.ResponseWriter, asking *http.Request) {
	var asked review
	if err := json.NewDecoder(asking.Body).Decode(&asked); err != nil || asked.Request == nil {
		http.Error(writer, "no review", http.StatusBadRequest)
		return
	}
	calls.Add(1)
	writer.Header().Set("Content-Type", "application/json")
	asked.Response, asked.Request = &response{UID: asked.Request.UID, Allowed: true}, nil
	json.NewEncoder(writer).Encode(asked)
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	http.HandleFunc("/mutate", answer)
	http.HandleFunc("/validate", answer)
	http.HandleFunc("/calls", func(writer http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(writer, calls.Load())
	})
	server := &http.Server{TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){}}
	log.Fatal(server.ServeTLS(listener, os.Args[1], os.Args[2]))
}
