//go:build unix

package segmentstorage

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/extension/xextension/storage"
)

const (
	childMode = "SEGMENTSTORAGE_CHILD" // what a child process does
	childDir  = "SEGMENTSTORAGE_DIRECTORY"
	killsVar  = "SEGMENTSTORAGE_KILLS" // number of kills in each loop
)

func kills(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv(killsVar))
	if err != nil {
		return 25
	}
	return n
}

// TestChild is the program of the processes that are killed.
func TestChild(t *testing.T) {
	switch os.Getenv(childMode) {
	case "store":
		storeChild(t, os.Getenv(childDir))
	case "queue":
		queueChild(t, os.Getenv(childDir))
	}
}

// runAndKill starts a child, kills it after a while and returns the lines that it had printed.
func runAndKill(t *testing.T, mode, dir string, after time.Duration) []string {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), childMode+"="+mode, childDir+"="+dir)
	var log bytes.Buffer
	child.Stderr = &log
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	timer := time.AfterFunc(30*time.Second, func() { _ = child.Process.Kill() })
	defer timer.Stop()
	if !lines.Scan() { // it runs
		t.Fatalf("the child does not start: %s", log.String())
	}
	printed := []string{lines.Text()}
	timer.Reset(after)
	for lines.Scan() {
		printed = append(printed, lines.Text())
	}
	_ = child.Wait()
	if i := len(printed) - 1; strings.HasPrefix(printed[i], "FAIL") || strings.HasPrefix(printed[i], "PASS") {
		t.Fatalf("the child ended: %s %s", strings.Join(printed[max(0, i-3):], "\n"), log.String())
	}
	return printed
}

// childOptions bound the store, so that it is full most of the time.
func childOptions(dir string) options {
	o, _ := testOptions(dir, localDisk{})
	o.maxSize = 12 * minSegment
	return o
}

// valueOf returns the value that a key always has.
func valueOf(key int) []byte {
	return bytes.Repeat([]byte{byte(key)}, 100+key*7919%9_000)
}

// storeChild puts and deletes like a queue. It prints each batch before and after.
func storeChild(t *testing.T, dir string) {
	c := openStarted(t, childOptions(dir))
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	var queue []int
	next := 0
	for _, e := range c.store.current() {
		if key, err := strconv.Atoi(e.key); err == nil {
			queue = append(queue, key)
			next = max(next, key+1)
		}
	}
	fmt.Println("ready", next)
	for {
		add := len(queue) == 0 || random.IntN(100) < 60
		meta := storage.SetOperation("meta", fmt.Appendf(nil, "%0*d", 10+random.IntN(500), next))
		if add {
			fmt.Println("put", next)
			err := c.Batch(t.Context(), meta, storage.SetOperation(strconv.Itoa(next), valueOf(next)))
			if err == nil {
				queue = append(queue, next)
				fmt.Println("ok")
			} else if errors.Is(err, storage.ErrStorageFull) {
				fmt.Println("refused")
			} else {
				t.Fatal(err)
			}
			next++
			continue
		}
		i := random.IntN(min(len(queue), 20))
		key := queue[i]
		queue = append(queue[:i], queue[i+1:]...)
		fmt.Println("delete", key)
		if err := c.Batch(t.Context(), meta, storage.DeleteOperation(strconv.Itoa(key))); err != nil {
			t.Fatal(err)
		}
		fmt.Println("ok")
	}
}

// TestKills repeatedly kills a process that stores data, and compares what is left with what the process had confirmed.
func TestKills(t *testing.T) {
	dir, keys := tempDir(t), map[int]bool{}
	refused := 0
	for range kills(t) {
		unsure := -1
		lines := runAndKill(t, "store", dir, time.Duration(rand.IntN(20_000))*time.Microsecond)
		word, key := "", 0
		for _, line := range lines {
			switch line {
			case "ok":
				keys[key] = word == "put"
				unsure = -1
			case "refused":
				unsure = -1
				refused++
			default:
				if n, _ := fmt.Sscanf(line, "%s %d", &word, &key); n == 2 && (word == "put" || word == "delete") {
					unsure = key
				}
			}
		}
		keys = verifyKilled(t, dir, keys, unsure)
	}
	if refused == 0 && kills(t) >= 25 {
		t.Error("the store was never full")
	}
}

// verifyKilled returns the keys that the store contains. One batch may or may not have been written.
func verifyKilled(t *testing.T, dir string, want map[int]bool, unsure int) map[int]bool {
	t.Helper()
	o, seen := testOptions(copyDir(t, dir), localDisk{})
	c := openStarted(t, o)
	defer c.Close(context.Background())
	there := map[int]bool{}
	for _, e := range c.store.current() {
		if key, err := strconv.Atoi(e.key); err == nil {
			there[key] = true
		}
	}
	maps.DeleteFunc(want, func(_ int, put bool) bool { return !put })
	for key := range want {
		if !there[key] && key != unsure {
			t.Fatalf("key %d is lost", key)
		}
	}
	for key := range there {
		if !want[key] && key != unsure {
			t.Fatalf("key %d came back", key)
		}
		if v, err := c.Get(t.Context(), strconv.Itoa(key)); err != nil || !bytes.Equal(v, valueOf(key)) {
			t.Fatalf("key %d has a wrong value, %v", key, err)
		}
	}
	if seen.corrupt > 0 {
		t.Fatalf("%d records are corrupt", seen.corrupt)
	}
	checkAccounts(t, c.store)
	return there
}

// queueChild is a Collector with a site that accepts few spans, so that the queue fills the storage.
func queueChild(t *testing.T, dir string) {
	slow := newSite(true)
	slow.confirm = func(name string) { fmt.Println("arrived", name) }
	slow.requests = make(chan struct{})
	go func() {
		for range slow.requests {
			time.Sleep(time.Millisecond)
		}
	}()
	limited := newFaulty()
	limited.room.Store(0) // only the existing files
	c := startCollector(t, dir, limited, slow)
	fmt.Println("ready")
	for i := 0; ; i++ {
		name := fmt.Sprintf("%d-%d", os.Getpid(), i)
		if err := c.send(name, 200+i*7919%5_000); err == nil {
			fmt.Println("accepted", name)
		} else {
			time.Sleep(200 * time.Microsecond)
		}
	}
}

// TestQueueKills repeatedly kills a Collector with a full disk. Each span that it accepted arrives.
func TestQueueKills(t *testing.T) {
	dir, accepted, arrived := tempDir(t), []string{}, newSite(true)
	stuck, d := newSite(false), newFaulty()
	d.room.Store(10 * minSegment)
	first := startCollector(t, dir, d, stuck)
	accepted = append(accepted, first.fillUp(t, 2000)...)
	for range 60 { // all consumers are sending
		<-stuck.requests
	}
	start := copyCollector(t, dir)
	first.stop(t, stuck)
	for range kills(t) {
		for _, line := range runAndKill(t, "queue", start, time.Duration(rand.IntN(60_000))*time.Microsecond) {
			switch word, name, _ := strings.Cut(line, " "); word {
			case "accepted":
				accepted = append(accepted, name)
			case "arrived":
				arrived.arrived[name]++
			}
		}
	}
	last := startCollector(t, start, newFaulty(), arrived)
	defer last.stop(t, arrived)
	arrived.awaitAll(t, accepted)
	t.Logf("%d spans accepted, %d kills", len(accepted), kills(t))
}
