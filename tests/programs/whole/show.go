package main

import (
	"fmt"
	"math"
	"net"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

// The limits that gotap is told (tests/e2e/whole.sh).
const maxDepth = 6

// Show is what gotap shows of a value, found by reflection.
func Show(v reflect.Value) string {
	p := &printer{open: map[visit]bool{}}
	p.show(v, 0, "")
	return p.String()
}

type visit struct {
	at uintptr
	of reflect.Type
}

type printer struct {
	strings.Builder
	open map[visit]bool
}

func secret(name string) bool {
	for _, word := range []string{"password", "apikey", "authorization", "token"} {
		if strings.Contains(strings.ToLower(name), word) {
			return true
		}
	}
	return false
}

func (p *printer) show(v reflect.Value, depth int, name string) {
	switch v.Kind() {
	case reflect.Bool, reflect.Func, reflect.Chan:
	default:
		if secret(name) {
			p.WriteString("<redacted>")
			return
		}
	}
	if v.CanInterface() && v.Kind() != reflect.Interface {
		switch known := v.Interface().(type) {
		case time.Time:
			p.WriteString(known.Round(0).UTC().String())
			return
		case time.Duration:
			p.WriteString(known.String())
			return
		case net.IP:
			p.WriteString(known.String())
			return
		}
	}
	switch v.Kind() {
	case reflect.Ptr:
		p.pointer(v, depth)
	case reflect.Struct:
		p.WriteByte('{')
		for i := 0; i < v.NumField(); i++ {
			if i > 0 {
				p.WriteByte(' ')
			}
			field := v.Type().Field(i).Name
			p.WriteString(field + ":")
			p.show(v.Field(i), depth, field)
		}
		p.WriteByte('}')
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 && v.Len() > 0 && isText(v.Bytes()) {
			p.WriteString(string(v.Bytes()))
			return
		}
		p.list(v, depth+1)
	case reflect.Array:
		p.list(v, depth)
	case reflect.Map:
		p.entries(v, depth+1)
	case reflect.Interface:
		p.holder(v, depth)
	case reflect.Chan:
		if v.IsNil() {
			p.WriteString("<nil>")
			return
		}
		fmt.Fprintf(p, "chan(len=%d cap=%d)", v.Len(), v.Cap())
	case reflect.Func:
		if v.IsNil() {
			p.WriteString("<nil>")
			return
		}
		fmt.Fprintf(p, "func(%s)", runtime.FuncForPC(v.Pointer()).Name())
	default:
		fmt.Fprintf(p, "%+v", v)
	}
}

func (p *printer) pointer(v reflect.Value, depth int) {
	if v.IsNil() {
		p.WriteString("<nil>")
		return
	}
	key := visit{v.Pointer(), v.Type()}
	if depth >= maxDepth || p.open[key] {
		fmt.Fprintf(p, "0x%x", v.Pointer())
		return
	}
	p.open[key] = true
	p.WriteByte('&')
	p.show(v.Elem(), depth+1, "")
	delete(p.open, key)
}

func (p *printer) list(v reflect.Value, depth int) {
	p.WriteByte('[')
	for i := 0; i < v.Len(); i++ {
		if i > 0 {
			p.WriteByte(' ')
		}
		p.show(v.Index(i), depth, "")
	}
	p.WriteByte(']')
}

func (p *printer) entries(v reflect.Value, depth int) {
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return less(keys[i], keys[j]) })
	p.WriteString("map[")
	for i, key := range keys {
		if i > 0 {
			p.WriteByte(' ')
		}
		name := ""
		if key.Kind() == reflect.String {
			name = key.String()
		}
		p.show(key, depth, "")
		p.WriteByte(':')
		p.show(v.MapIndex(key), depth, name)
	}
	p.WriteByte(']')
}

func less(a, b reflect.Value) bool {
	if a.Kind() == reflect.String {
		return a.String() < b.String()
	}
	return a.Int() < b.Int()
}

func (p *printer) holder(v reflect.Value, depth int) {
	if v.IsNil() {
		p.WriteString("<nil>")
		return
	}
	if err, ok := v.Elem().Interface().(error); ok {
		p.WriteString(err.Error())
		return
	}
	p.WriteString("(" + v.Elem().Type().String() + ")")
	// A pointer is in the interface itself, and so is a struct of one.
	if kind := v.Elem().Kind(); kind == reflect.Ptr || kind == reflect.Map || kind == reflect.Chan || v.Elem().Type() == reflect.TypeOf(One{}) {
		p.show(v.Elem(), depth, "")
		return
	}
	p.show(v.Elem(), depth+1, "")
}

func isText(bytes []byte) bool {
	for _, b := range bytes {
		if b < 32 && b != '\n' && b != '\r' && b != '\t' || b == 127 {
			return false
		}
	}
	return utf8.Valid(bytes)
}

// Random is a stream of numbers, the same everywhere.
type Random struct{ state uint64 }

// NewRandom begins a stream.
func NewRandom(seed uint64) *Random { return &Random{seed*0x9e3779b97f4a7c15 + 1} }

func (r *Random) next() uint64 {
	r.state ^= r.state << 13
	r.state ^= r.state >> 7
	r.state ^= r.state << 17
	return r.state
}

// Below is a number from 0 to n - 1.
func (r *Random) Below(n int) int { return int(r.next() >> 8 % uint64(n)) }

// Number has few bits as often as many.
func (r *Random) Number() int64 { return int64(r.next()) >> uint(r.Below(64)) }

// String has up to 20 characters.
func (r *Random) String() string {
	const letters = "abcdefghijklmnopqrstuvwxyz 0123456789:é世"
	runes := []rune(letters)
	text := make([]rune, r.Below(20))
	for i := range text {
		text[i] = runes[r.Below(len(runes))]
	}
	return string(text)
}

// Fill makes a value of what v is.
func (r *Random) Fill(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(r.Below(2) == 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(r.Number() << uint(64-v.Type().Bits()) >> uint(64-v.Type().Bits()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(uint64(r.Number()))
	case reflect.Float32, reflect.Float64:
		v.SetFloat(r.float())
	case reflect.Complex128:
		v.SetComplex(complex(r.float(), r.float()))
	case reflect.String:
		v.SetString(r.String())
	case reflect.Struct:
		for i := 0; i < v.NumField(); i++ {
			if v.Field(i).CanSet() {
				r.Fill(v.Field(i), depth)
			}
		}
	case reflect.Array:
		for i := 0; i < v.Len(); i++ {
			r.Fill(v.Index(i), depth)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), r.Below(5), 8))
		for i := 0; i < v.Len(); i++ {
			r.Fill(v.Index(i), depth+1)
		}
	case reflect.Map:
		r.fillMap(v, depth)
	case reflect.Ptr:
		if depth > 2 || r.Below(4) == 0 {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		r.Fill(v.Elem(), depth+1)
	}
}

func (r *Random) fillMap(v reflect.Value, depth int) {
	v.Set(reflect.MakeMap(v.Type()))
	for i := r.Below(11); i > 0 && depth < 2; i-- {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		r.Fill(key, depth+1)
		r.Fill(value, depth+1)
		v.SetMapIndex(key, value)
	}
}

func (r *Random) float() float64 {
	switch r.Below(6) {
	case 0:
		return float64(r.Below(100))
	case 1:
		return math.Inf(1 - 2*r.Below(2))
	case 2:
		return float64(r.Number()) * 1e-30
	default:
		return float64(r.Number()) / 7
	}
}
