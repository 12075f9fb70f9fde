// pause holds a pod's namespaces: it reaps orphans and ends when told to.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

func main() {
	// kubeadm's upgrade check starts a job that runs `pause -v` and has to succeed.
	if len(os.Args) > 1 && os.Args[1] == "-v" {
		fmt.Println("pause (plinth lab)")
		return
	}
	debug.SetGCPercent(-1)
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGINT, syscall.SIGTERM)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != nil || pid <= 0 {
				break
			}
		}
	}
}
