// The program that ./dev demo traces: a small web shop on loopback with its own customers. It
// runs until SIGTERM, then says how many orders it served. Nothing in it knows of tracing.
package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Shop sells what is in stock.
type Shop struct {
	mu     sync.Mutex
	stock  map[string]int
	prices map[string]int
	served int64
}

var errSoldOut = errors.New("sold out")

// Order reserves the goods, charges the card, and returns what it cost in cents.
//
//go:noinline
func (s *Shop) Order(customer, item string, quantity int) (int, error) {
	if err := s.reserve(item, quantity); err != nil {
		return 0, err
	}
	cents := quantity * s.prices[item]
	chargeCard(customer, cents)
	atomic.AddInt64(&s.served, 1)
	return cents, nil
}

//go:noinline
func (s *Shop) reserve(item string, quantity int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stock[item] < quantity {
		s.stock[item] += 500 // the next one is luckier
		return errSoldOut
	}
	s.stock[item] -= quantity
	return nil
}

// chargeCard is quick for most cards; the bank of two customers is slow.
//
//go:noinline
func chargeCard(customer string, cents int) {
	wait := time.Duration(1+cents%4) * time.Millisecond
	switch customer {
	case "mallory":
		wait = 45 * time.Millisecond
	case "trent":
		wait = 20 * time.Millisecond
	}
	time.Sleep(wait)
}

func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	quantity, _ := strconv.Atoi(r.URL.Query().Get("n"))
	cents, err := s.Order(r.URL.Query().Get("who"), r.URL.Query().Get("item"), quantity)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	fmt.Fprintf(w, "%d.%02d\n", cents/100, cents%100)
}

// customerLoop orders over HTTP, again and again.
func customerLoop(base, who string, items []string) {
	for i := 0; ; i++ {
		url := fmt.Sprintf("%s/order?who=%s&item=%s&n=%d", base, who, items[i%len(items)], 1+i%5)
		if response, err := http.Get(url); err == nil {
			response.Body.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shop := &Shop{
		stock:  map[string]int{"tea": 500, "coffee": 200, "cake": 20},
		prices: map[string]int{"tea": 210, "coffee": 290, "cake": 425},
	}
	go http.Serve(listener, shop)
	base := "http://" + listener.Addr().String()
	for _, who := range []string{"alice", "bob", "carol", "trent", "mallory"} {
		go customerLoop(base, who, []string{"tea", "coffee", "cake"})
	}
	fmt.Println("ready", base)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	fmt.Println("served", atomic.LoadInt64(&shop.served), "orders")
}
