import { mount } from "svelte";
import App from "./App.svelte";
import "./style.css";
import "./glyphs/glyphs.css";

mount(App, { target: document.body });
