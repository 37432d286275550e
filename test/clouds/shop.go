package clouds

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/telepod/telepod/test/await"
	"github.com/telepod/telepod/test/build"
)

// OrderURL is where orders are placed.
func (e *Estate) OrderURL() string {
	return "http://" + net.JoinHostPort(e.Primary().Apps().Address, "30080")
}

func readShop(file string) (string, error) {
	root, err := build.Root()
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(root, "examples", "shop", "deploy", file))
	return string(text), err
}

// tryOrder places an order. Pods that are ready are not reached before every node has heard of them.
func (e *Estate) tryOrder(ctx context.Context) error {
	const order = `{"user": "user-0", "product": "kettle", "quantity": 1, "card": "ok", "run": "first"}`
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.OrderURL()+"/orders", strings.NewReader(order))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := client().Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 500)) // the status says enough
		return fmt.Errorf("place a first order: %s: %s", response.Status, said)
	}
	return nil
}

// Orders are the traffic of the shop: the driver of examples/shop, at work.
type Orders struct {
	cmd  *exec.Cmd
	out  chan orderEnd
	mu   sync.Mutex
	seen []Order
}

// Order is what became of one order.
type Order struct {
	Sequence int64   `json:"sequence"`
	Card     string  `json:"card"` // ok, declined or slow
	TookMS   float64 `json:"took_ms"`
	TraceID  string  `json:"trace_id"`
	Error    string  `json:"error"`
}

// OrderSum is the driver's own sum.
type OrderSum struct {
	Requests, Placed, Slow, Declined, Failed int64
	P50                                      float64  `json:"p50_ms"`
	P99                                      float64  `json:"p99_ms"`
	Errors                                   []string `json:"errors"`
}

type orderEnd struct {
	sum OrderSum
	err error
}

// PlaceOrders begins to place orders at a rate: one of ten is declined, one of twenty slow.
func (e *Estate) PlaceOrders(rate float64) (*Orders, error) {
	o := &Orders{out: make(chan orderEnd, 1)}
	o.cmd = exec.Command(e.programs.shop, "load", "-url="+e.OrderURL(), fmt.Sprintf("-rate=%g", rate), "-duration=2h",
		"-failures=0.1", "-slow=0.05", "-json", "-each")
	o.cmd.SysProcAttr = endWithParent()
	each, err := o.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	sum, err := o.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := o.cmd.Start(); err != nil {
		return nil, fmt.Errorf("place orders: %w", err)
	}
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(each); lines.Scan(); {
			var order Order
			if json.Unmarshal(lines.Bytes(), &order) == nil { // other lines are the driver's last words
				o.mu.Lock()
				o.seen = append(o.seen, order)
				o.mu.Unlock()
			}
		}
	})
	go func() {
		var end orderEnd
		end.err = json.NewDecoder(sum).Decode(&end.sum)
		reading.Wait()
		if err := o.cmd.Wait(); end.err != nil {
			end.err = errors.Join(fmt.Errorf("place orders: %w", end.err), err)
		}
		o.out <- end
	}()
	return o, nil
}

// Seen are the orders so far.
func (o *Orders) Seen() []Order {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Order(nil), o.seen...)
}

// Find waits for an order with a card, after the ones before.
func (o *Orders) Find(ctx context.Context, card string, after int) (Order, int, error) {
	var found Order
	next := after
	err := await.Success(ctx, patience, func(context.Context) error {
		seen := o.Seen()
		for ; next < len(seen); next++ {
			if seen[next].Card == card && seen[next].Error == "" {
				found = seen[next]
				next++
				return nil
			}
		}
		return fmt.Errorf("none of %d orders so far has the card %q and no error", len(seen), card)
	})
	return found, next, err
}

// Stop ends the traffic once the orders under way are answered.
func (o *Orders) Stop() (OrderSum, error) {
	_ = o.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended, which its output tells
	select {
	case end := <-o.out:
		o.out <- end // for whoever stops again
		return end.sum, end.err
	case <-time.After(time.Minute):
		_ = o.cmd.Process.Kill()
		return OrderSum{}, errors.New("place orders: the driver did not end within a minute")
	}
}
