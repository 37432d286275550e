package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// agreed asks a question and waits for an answer. If the context ends first, it abandons the read.
func agreed(ctx context.Context, in io.Reader, out io.Writer, question string) bool {
	fmt.Fprint(out, question+" Type yes: ")
	answers := make(chan string, 1)
	go func() {
		answer, _ := bufio.NewReader(in).ReadString('\n') // an error counts as no
		answers <- answer
	}()
	select {
	case answer := <-answers:
		return strings.TrimSpace(answer) == "yes"
	case <-ctx.Done():
		fmt.Fprintln(out)
		return false
	}
}
