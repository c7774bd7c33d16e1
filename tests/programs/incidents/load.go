package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"shop/cache"
	"shop/catalog"
	"shop/disk"
	"shop/feed"
	"shop/gateway"
	"shop/ledger"
	"shop/metrics"
	"shop/orders"
	"shop/payment"
	"shop/raft"
	"shop/shard"
	"shop/store"
	"shop/tenant"
	"shop/wal"
)

func slowApply(truth func(string, interface{})) {
	fsm := raft.NewFSM()
	revokes, slow := 0, 0
	for index := uint64(1); index <= 300; index++ {
		entry := &raft.Entry{Index: index, Type: raft.EntryPut, Key: fmt.Sprintf("/registry/pods/%d", index%50), Value: []byte("x")}
		switch {
		case index%40 == 0:
			entry.Type, entry.Key = raft.EntryLeaseRevoke, fmt.Sprintf("lease/%d", index/40)
			revokes++
		case index%10 == 0:
			entry.Type = raft.EntryDelete
		}
		began := time.Now()
		if err := fsm.Apply(entry); err != nil {
			panic(err)
		}
		if time.Since(began) > 20*time.Millisecond {
			slow++
		}
	}
	truth("applies", 300)
	truth("revokes", revokes)
	truth("slow-at-least", fsm.Slow)
	truth("slow-at-most", slow)
}

func slowTenant(truth func(string, interface{})) {
	names := []string{"acme", "globex", "initech", "umbrella"}
	api := tenant.NewAPI(map[string]int{"acme": 120, "globex": 80, "initech": 30000, "umbrella": 10})
	var all sync.WaitGroup
	for worker, name := range names {
		all.Add(1)
		go func(worker int, name string) {
			defer all.Done()
			for i := 0; i < 10+worker; i++ {
				if _, err := api.Handle(&tenant.Request{Tenant: name, Path: fmt.Sprintf("/v1/rows/%d", i)}); err != nil {
					panic(err)
				}
			}
		}(worker, name)
	}
	all.Wait()
	for worker, name := range names {
		truth("requests-"+name, 10+worker)
	}
	truth("slow-tenant", "initech")
}

func swallowedError(truth func(string, interface{})) {
	docs := store.New("/mnt/replica/docs.db", 30)
	errors := 0
	for i := 0; i < 50; i++ {
		if docs.Save(fmt.Sprintf("doc-%d", i), "text") != nil {
			errors++
		}
	}
	truth("saves", 50)
	truth("errors-of-save", errors)
	truth("full", docs.Replica().Full)
}

func mutexConvoy(truth func(string, interface{})) {
	registry := metrics.NewRegistry()
	stop := make(chan bool)
	var all sync.WaitGroup
	var mu sync.Mutex
	adds := 0
	for worker := 0; worker < 4; worker++ {
		all.Add(1)
		go func(worker int) {
			defer all.Done()
			for n := 0; ; n++ {
				select {
				case <-stop:
					mu.Lock()
					adds += n
					mu.Unlock()
					return
				default:
				}
				registry.Add(fmt.Sprintf("requests_%d", worker), 1)
				time.Sleep(time.Millisecond)
			}
		}(worker)
	}
	for i := 0; i < 12; i++ {
		registry.Snapshot()
		time.Sleep(5 * time.Millisecond)
	}
	close(stop)
	all.Wait()
	truth("adds", adds)
	truth("snapshots", 12)
}

func goroutineLeak(truth func(string, interface{})) {
	before := runtime.NumGoroutine()
	hub := feed.NewHub()
	var delivered sync.WaitGroup
	for i := 0; i < 30; i++ {
		name := fmt.Sprintf("browser-%d", i)
		hub.Subscribe(name, func(string) { delivered.Done() })
		delivered.Add(1)
		hub.Broadcast("hello")
		hub.Wait()
		delivered.Wait()
		hub.Unsubscribe(name)
	}
	// The senders are through, but may not have ended yet.
	for i := 0; runtime.NumGoroutine() != before+30 && i < 1000; i++ {
		time.Sleep(time.Millisecond)
	}
	truth("subscribed", 30)
	truth("broadcast", 30)
	truth("left", runtime.NumGoroutine()-before)
}

func retryStorm(truth func(string, interface{})) {
	client := &payment.Client{Down: map[string]bool{"bank-eu-2": true}}
	failed := 0
	for i := 0; i < 40; i++ {
		charge := &payment.Charge{Order: fmt.Sprintf("order-%d", i), Bank: fmt.Sprintf("bank-eu-%d", i%4), Cents: 995}
		if client.Pay(charge) != nil {
			failed++
		}
	}
	truth("payments", 40)
	truth("failed", failed)
	truth("attempts", client.Attempts)
	truth("failed-attempts", client.Failed)
}

func recoveredPanic(truth func(string, interface{})) {
	all := &orders.Orders{ByPath: map[string][]orders.Item{
		"/orders/1": {{Name: "tea", Coupon: &orders.Coupon{Off: 5}, Cents: 300}},
		"/orders/2": {{Name: "pot", Coupon: &orders.Coupon{Off: 5}, Cents: 2000}, {Name: "cup", Cents: 700}},
	}}
	handler := orders.Recoverer(all.Serve)
	statuses := map[int]int{}
	for i := 0; i < 30; i++ {
		statuses[handler(fmt.Sprintf("/orders/%d", i%4))]++
	}
	truth("500", statuses[500])
	truth("200", statuses[200])
}

func slowFsync(truth func(string, interface{})) {
	folder := "/dev/shm" // where fsync has nothing to do but what is done to it
	if _, err := os.Stat(folder); err != nil {
		folder = os.TempDir()
	}
	path := filepath.Join(folder, fmt.Sprintf("incidents-%d.wal", os.Getpid()))
	log, err := wal.Open(path)
	if err != nil {
		panic(err)
	}
	os.Remove(path)
	if err := disk.Slow(10, 80*time.Millisecond); err != nil {
		panic(err)
	}
	slow := 0
	for i := 0; i < 50; i++ {
		began := time.Now()
		if err := log.Append([]byte(fmt.Sprintf("record %d", i))); err != nil {
			panic(err)
		}
		if time.Since(began) > 50*time.Millisecond {
			slow++
		}
	}
	truth("appends", 50)
	truth("slow-at-least", log.Slow)
	truth("slow-at-most", slow)
	truth("slow-syncs-at-least", 50/10)
	truth("slow-syncs-at-most", log.SlowSyncs)
	log.Close()
}

func unexpectedNil(truth func(string, interface{})) {
	index := catalog.NewIndex(&catalog.Item{SKU: "tea-1", Cents: 300}, &catalog.Item{SKU: "pot-2", Cents: 2000})
	free := 0
	for i := 0; i < 25; i++ {
		skus := []string{"tea-1", "pot-2"}
		if i%5 == 4 {
			skus = []string{"tea-1", "cup-7"}
			free++
		}
		if _, err := index.Quote(skus); err != nil {
			panic(err)
		}
	}
	truth("found", 50-free)
	truth("nil", free)
}

func coldCache(truth func(string, interface{})) {
	profiles := &cache.Profiles{Cache: cache.New()}
	for i := 0; i < 60; i++ {
		profiles.Load(fmt.Sprintf("user-%d", i%3), 1+i/30)
	}
	truth("hits", profiles.Cache.Hits)
	truth("misses", profiles.Cache.Misses)
}

func callersDeadline(truth func(string, interface{})) {
	proxy := &gateway.Proxy{Ledger: &ledger.Client{Latency: map[string]time.Duration{"savings-9": time.Second}}}
	failed := 0
	for i := 0; i < 8; i++ {
		for _, account := range []string{"checking-1", "savings-9"} {
			if _, err := proxy.Forward(context.Background(), account); err != nil {
				failed++
			}
		}
	}
	audits := 0
	for i := 0; i < 4; i++ {
		if _, err := proxy.Audit("checking-1"); err == nil {
			audits++
		}
	}
	truth("forwarded", 16)
	truth("deadlines", failed)
	truth("audits", audits)
}

func slowShard(truth func(string, interface{})) {
	router := &shard.Router{}
	for i := 0; i < 6; i++ {
		router.Shards = append(router.Shards, &shard.Shard{Name: fmt.Sprintf("shard-%d", i), Delay: time.Millisecond})
	}
	router.Shards[4].Delay = 30 * time.Millisecond
	for i := 0; i < 15; i++ {
		router.Search("tea")
	}
	truth("searches", 15)
	truth("slow-shard", "shard-4")
}
