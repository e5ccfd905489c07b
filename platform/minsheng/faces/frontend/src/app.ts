// What pages do beyond plain links and forms. Every page works without it.
import "htmx.org";
import { watchAdmin } from "./admin";
import { watchChannel } from "./channel";
import { watchCompare } from "./compare";
import { watchEditor } from "./editor";
import { watchForms } from "./forms";
import { showCurrentView, watchKeys } from "./keys";
import { watchLive } from "./live";
import { watchQueue } from "./queue";

watchLive();
watchQueue();
watchChannel();
watchCompare();
watchEditor();
watchForms();
watchKeys();
watchAdmin();
showCurrentView();
