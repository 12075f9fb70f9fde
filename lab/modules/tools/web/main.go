// web checks a cluster's network from inside a pod.
//
//	web serve PORT        answer every request with this pod's name, its node and the caller's address
//	web get URL [SECONDS] print the body that URL answers with
//	web dns NAME          print the addresses of NAME
//	web tcp ADDRESS [SECONDS]  say whether a connection to host:port can be made
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

const usage = "usage: web serve PORT | get URL [SECONDS] | dns NAME | tcp HOST:PORT [SECONDS]"

func main() {
	if len(os.Args) < 3 {
		fail(errors.New(usage))
	}
	var err error
	switch os.Args[1] {
	case "serve":
		err = serve(os.Args[2])
	case "get":
		err = get(os.Args[2])
	case "dns":
		err = dns(os.Args[2])
	case "tcp":
		err = tcp(os.Args[2])
	default:
		err = errors.New(usage)
	}
	if err != nil {
		fail(err)
	}
}

func serve(port string) error {
	name, _ := os.Hostname()
	return http.ListenAndServe(":"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "pod=%s node=%s from=%s\n", name, os.Getenv("NODE"), r.RemoteAddr)
	}))
}

func get(url string) error {
	client := http.Client{Timeout: limit()}
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= 400 {
		return fmt.Errorf("status %s", response.Status)
	}
	return nil
}

func dns(name string) error {
	addresses, err := net.LookupHost(name)
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(addresses, " "))
	return nil
}

func tcp(address string) error {
	connection, err := net.DialTimeout("tcp", address, limit())
	if err != nil {
		return err
	}
	fmt.Println("connected to", address)
	return connection.Close()
}

func limit() time.Duration {
	seconds := 3
	if len(os.Args) > 3 {
		if given, err := strconv.Atoi(os.Args[3]); err == nil {
			seconds = given
		}
	}
	return time.Duration(seconds) * time.Second
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
